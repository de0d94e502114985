/**
 * `npm run release-notes -- 1.0.0` prints what CHANGELOG.md says of a version; `--tag v1.0.0` also checks that the tag is
 * of the version in package.json. Needs no package: a release is made without `npm ci`.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { checkTag, releaseNotes } from "./changelog.ts";

const USAGE = "Usage: npm run release-notes -- <version>, or --tag v<version>";
if (process.argv.includes("--help")) {
  console.log(USAGE);
  process.exit(0);
}
const { values, positionals } = readArguments();
const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), "utf8");

const wanted = values.tag ?? positionals[0];
if (wanted === undefined || (values.tag === undefined ? positionals.length > 1 : positionals.length > 0)) {
  fail(USAGE);
}
const { version } = JSON.parse(read("package.json")) as { version: string };
const problem = values.tag === undefined ? null : checkTag(values.tag, version);
if (problem !== null) fail(`error: ${problem}`);
const notes = releaseNotes(read("CHANGELOG.md"), wanted.replace(/^v/, ""));
if (!notes.ok) fail(`error: ${notes.failure}`);
process.stdout.write(notes.value);

function readArguments() {
  try {
    return parseArgs({ options: { tag: { type: "string" } }, allowPositionals: true });
  } catch (error) {
    return fail(`error: ${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

function fail(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
