/** Links of the documents to files and sections of this repository. No request is made. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

/** CI runs the tests in a copy without `.git`, so git cannot say which files are ours. */
const isOurs = (path: string) => !/(?:^|\/)(?:node_modules|dist|\.wrangler)(?:\/|$)/.test(path);
const find = (pattern: string) => globSync(pattern, { exclude: (path) => !isOurs(path) }).filter(isOurs);

const pages = find("**/*.md");

/** Examples in code are not links, and their lines with `#` are no headings. */
const textOf = (page: string) => readFileSync(page, "utf8").replace(/^ *```[\s\S]*?^ *```/gm, "");

/** As GitHub makes them. */
const anchorsOf = (page: string) =>
  [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );

function brokenLinks(page: string): string[] {
  const targets = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? page : normalize(join(dirname(page), path));
    if (!existsSync(file)) return true;
    return anchor !== undefined && file.endsWith(".md") && !anchorsOf(file).includes(anchor);
  });
}

test("each link of a document to a file or a section of the repository leads somewhere", () => {
  expect(pages.length).toBeGreaterThan(20);
  const broken = pages.flatMap((page) => brokenLinks(page).map((target) => `${page}: ${target}`));
  expect(broken).toEqual([]);
});

/** Other files name pages in comments, messages and annotations. */
test("each page of docs/ that a file of the repository names exists", () => {
  const files = ["{src,cli,console,deploy,dev,bench,docs}/**/*.{ts,tsx,md,json,yml}", "*.{md,toml}"].flatMap(
    find,
  );
  const texts = [...files, ...find(".github/workflows/*.yml")].map((file) => readFileSync(file, "utf8"));
  const names = new Set(texts.flatMap((text) => text.match(/\bdocs\/[a-z-]+\.(?:md|json|yml)/g) ?? []));
  expect(names.size).toBeGreaterThan(20);
  expect([...names].filter((name) => !existsSync(name))).toEqual([]);
});
