/** Links of the documents to files and sections of this repository. No request is made. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const pages = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
  encoding: "utf8",
})
  .trim()
  .split("\n");

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
  const found = execFileSync("git", ["grep", "-hoE", "\\bdocs/[a-z-]+\\.(md|json|yml)", "--", ":!CHANGELOG.md"], {
    encoding: "utf8",
  });
  const names = [...new Set(found.trim().split("\n"))];
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !existsSync(name))).toEqual([]);
});
