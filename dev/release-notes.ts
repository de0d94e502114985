/**
 * `npm run release-notes -- 1.0.0` prints what CHANGELOG.md says of a version; `--tag v1.0.0` also checks that the tag is
 * of the version in package.json. Needs no package: a release is made without `npm ci`.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { checkTag, releaseNotes } from "./changelog.ts";

const { values, positionals } = parseArgs({ options: { tag: { type: "string" } }, allowPositionals: true });
const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), "utf8");

const wanted = values.tag ?? positionals[0];
if (wanted === undefined || (values.tag === undefined ? positionals.length > 1 : positionals.length > 0)) {
  fail("Usage: npm run release-notes -- <version>, or --tag v<version>");
}
const { version } = JSON.parse(read("package.json")) as { version: string };
const problem = values.tag === undefined ? null : checkTag(values.tag, version);
if (problem !== null) fail(`error: ${problem}`);
const notes = releaseNotes(read("CHANGELOG.md"), wanted.replace(/^v/, ""));
if (!notes.ok) fail(`error: ${notes.failure}`);
process.stdout.write(notes.value);

function fail(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
