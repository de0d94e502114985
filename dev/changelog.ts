/** What CHANGELOG.md says of a version. Pure. */
import { failed, type Result, success } from "../src/result.ts";

/** Null if the tag is that of the version, or why it is not. */
export function checkTag(tag: string, version: string): string | null {
  if (tag === `v${version}`) return null;
  return `the tag ${tag} is not of the version in package.json: that is ${version}, so its tag is v${version}`;
}

/**
 * The text below the heading of the version, such as `## 1.0.0 – 2026-11-30`. GitHub shows each line break of a release,
 * so the lines of a paragraph or an item are joined.
 */
export function releaseNotes(changelog: string, version: string): Result<string, string> {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((one) => one.split(/\s/, 1)[0] === version);
  if (section === undefined || version === "Unreleased") {
    return failed(`CHANGELOG.md has no section ## ${version}`);
  }
  const [heading = "", ...lines] = section.split("\n");
  if (!/^\S+ – \d{4}-\d\d-\d\d$/.test(heading)) {
    return failed(`the heading of the section lacks its date: write ## ${version} – YYYY-MM-DD`);
  }
  const text = lines.join("\n").trim();
  if (text === "") return failed(`the section ## ${version} of CHANGELOG.md is empty`);
  return success(`${joinWrappedLines(text)}\n`);
}

/** A line break stays before an item, a heading, a table and an empty line. */
const joinWrappedLines = (text: string) => text.replace(/(?<=\S)\n *(?!- |\d+\. |#|\||\s)/g, " ");
