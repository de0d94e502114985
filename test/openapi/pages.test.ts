/** The pages at `/docs/`: complete, well-formed, and without anything that the Content-Security-Policy forbids. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildDocsPages } from "../../openapi/build-pages.ts";
import { createDocument } from "../../openapi/document.ts";
import { ERROR_TYPES } from "../../openapi/error-samples.ts";
import { operationsOf, renderReference } from "../../openapi/pages/reference-page.ts";
import type { PageDocument } from "../../openapi/pages/shapes.ts";
import { ERROR_DESCRIPTIONS } from "../../src/error-docs/descriptions.ts";
import { parsePage, valuesOf } from "./html.ts";

let folder: string;
let document: PageDocument;
const pages = { reference: "", errors: "" };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-docs-"));
  await buildDocsPages(folder);
  document = JSON.parse(await readFile(join(folder, "openapi.json"), "utf8")) as PageDocument;
  pages.reference = await readFile(join(folder, "docs", "index.html"), "utf8");
  pages.errors = await readFile(join(folder, "docs", "errors.html"), "utf8");
});
afterAll(async () => await rm(folder, { recursive: true }));

describe.each(["reference", "errors"] as const)("the page %s", (name) => {
  test(`the page ${name} is well-formed, and no anchor is there twice`, () => {
    const ids = valuesOf(parsePage(pages[name]), "id");
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  test(`the page ${name} has no script, no style of its own and no handler`, () => {
    const { tags } = parsePage(pages[name]);
    expect(tags.filter(({ name: tag }) => tag === "script" || tag === "style")).toEqual([]);
    const attributes = tags.flatMap(({ attributes: own }) => [...own.keys()]);
    expect(attributes.filter((attribute) => attribute === "style" || attribute.startsWith("on"))).toEqual([]);
  });

  test(`the page ${name} refers to no other host, and to no anchor that is not there`, () => {
    const page = parsePage(pages[name]);
    const links = [...valuesOf(page, "href"), ...valuesOf(page, "src")];
    expect(links.filter((link) => !/^(?:#|\/(?!\/))/.test(link))).toEqual([]);
    const anchors = {
      "": valuesOf(page, "id"),
      "/docs/errors": valuesOf(parsePage(pages.errors), "id"),
    };
    const missing = links.filter((link) => {
      const [path = "", anchor] = link.split("#");
      return anchor !== undefined && !anchors[path as keyof typeof anchors]?.includes(anchor);
    });
    expect(missing).toEqual([]);
  });
});

test("every error type has its description at the anchor that error_url names", () => {
  const ids = valuesOf(parsePage(pages.errors), "id");
  expect(ERROR_TYPES.filter((type) => !ids.includes(type))).toEqual([]);
});

test("what the operator is to be asked for is the operator's to do, in the table and on the page", () => {
  const asked = ERROR_TYPES.filter((type) => ERROR_DESCRIPTIONS[type].action.startsWith("Ask the operator"));
  expect(asked).toContain("insufficient_scope");
  for (const type of asked) {
    expect([type, ERROR_DESCRIPTIONS[type].responsible]).toEqual([type, "operator"]);
    const section = pages.errors.split(`id="${type}"`)[1]?.split("</section>")[0];
    expect(section).toContain("<dt>Who has to act</dt><dd>the operator</dd>");
  }
});

test("a failure that waiting ends is nobody's to correct, and no other is nobody's", () => {
  const passing = ERROR_TYPES.filter((type) => ERROR_DESCRIPTIONS[type].responsible === "nobody");
  expect(passing.filter((type) => !ERROR_DESCRIPTIONS[type].retry.startsWith("yes"))).toEqual([]);
  const corrected = ERROR_TYPES.filter((type) => /before|the same call/.test(ERROR_DESCRIPTIONS[type].retry));
  expect(corrected.filter((type) => passing.includes(type))).toEqual([]);
  expect(passing).toContain("upstream_timeout");
});

test("every operation is in the reference, with its path and its parameters", () => {
  const ids = valuesOf(parsePage(pages.reference), "id");
  for (const { operationId, path, parameters = [] } of operationsOf(document)) {
    expect(ids).toContain(operationId);
    const section = pages.reference.split(`id="${operationId}"`)[1]?.split("</section>")[0] ?? "";
    for (const text of [path, ...parameters.map(({ name }) => name)])
      expect(section).toContain(`<code>${text}</code>`);
  }
});

test("what the document says is escaped in the reference", async () => {
  const text = JSON.stringify(await createDocument()).replaceAll(
    "Get an organization",
    "<b onclick='x'>&quot;",
  );
  const page = await renderReference(JSON.parse(text) as PageDocument);
  expect(page).toContain("&lt;b onclick=&#39;x&#39;&gt;&amp;quot;");
  expect(() => parsePage(page)).not.toThrow();
});
