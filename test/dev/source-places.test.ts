/** A stack trace of the minified Worker leads to the source again. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { locate } from "../../dev/source-places.ts";

const SOURCE = `export function first() { return 1; }

export function second() {
  throw new Error("here");
}
`;

let folder: string;
let script: string;
let sourceMap: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "locate-"));
  writeFileSync(join(folder, "source.js"), SOURCE);
  const output = join(folder, "index.js");
  const entryPoints = [join(folder, "source.js")];
  await build({ entryPoints, outfile: output, bundle: true, format: "esm", minify: true, sourcemap: true });
  script = readFileSync(output, "utf8");
  sourceMap = readFileSync(`${output}.map`, "utf8");
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a place in the minified code leads to its file, line and column", () => {
  const column = script.indexOf("new Error") + 1;
  expect(script.split("\n").findIndex((line) => line.includes("new Error"))).toBe(0);
  expect(locate(`Error at a (index.js:1:${column}) at b (index.js:1:${column})`, sourceMap)).toBe(
    "Error at a (source.js:4:9) at b (source.js:4:9)",
  );
});

test("a text without a known place stays as it is", () => {
  for (const text of [
    "TimeoutError",
    "Error at async Promise.all (index 0)",
    "Error at a (index.js:900:1)",
  ]) {
    expect(locate(text, sourceMap)).toBe(text);
  }
});
