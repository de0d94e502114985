/** The notes of a release, from CHANGELOG.md. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { checkTag, releaseNotes } from "../../dev/changelog.ts";

const CHANGELOG = `# Changelog

Words in front.

## Unreleased

- Something new.

## 1.10.0 – 2026-12-24

## 1.1.0 – 2026-12-01

### Added

- One line that goes on
  in the next one - with a dash.
- Another.

A paragraph
\`of\` two lines.

1. First
2. Second

## 1.0.0

- Without a date.
`;

test("the notes of a version are its section, with wrapped lines joined", () => {
  expect(releaseNotes(CHANGELOG, "1.1.0")).toEqual({
    ok: true,
    value:
      "### Added\n\n- One line that goes on in the next one - with a dash.\n- Another.\n\nA paragraph `of` two lines.\n\n1. First\n2. Second\n",
  });
});

test.each([
  ["1.2.0", /no section ## 1\.2\.0/],
  ["1.1", /no section ## 1\.1$/],
  ["Unreleased", /no section/],
  ["1.10.0", /is empty/],
  ["1.0.0", /lacks its date/],
])("there are no notes of %s", (wanted, failure) => {
  expect(releaseNotes(CHANGELOG, wanted)).toEqual({ ok: false, failure: expect.stringMatching(failure) });
});

test("a tag is of a version only if it is v and the version", () => {
  expect(checkTag("v1.0.0", "1.0.0")).toBeNull();
  for (const tag of ["1.0.0", "v1.0.1", "v1.0", "v1.0.0-rc.1", "V1.0.0"]) {
    expect(checkTag(tag, "1.0.0")).toContain(`the tag ${tag} is not of the version in package.json`);
  }
});

const run = promisify(execFile);
const read = (file: string) => JSON.parse(readFileSync(file, "utf8"));
const { version } = read("package.json");

test("the script prints the notes of this version, and refuses a tag of another one", async () => {
  const script = async (...args: string[]) => await run(process.execPath, ["dev/release-notes.ts", ...args]);
  const { stdout } = await script("--tag", `v${version}`);
  expect(stdout).toBe((await script(version)).stdout);
  expect(releaseNotes(readFileSync("CHANGELOG.md", "utf8"), version)).toEqual({ ok: true, value: stdout });
  await expect(script("--tag", "v0.0.1")).rejects.toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("error: the tag v0.0.1 is not of the version"),
  });
  await expect(script()).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("Usage:") });
});

test("package-lock.json and openapi.json have the version of package.json", () => {
  const lock = read("package-lock.json");
  expect([lock.version, lock.packages[""].version]).toEqual([version, version]);
  expect(read("openapi.json").info.version).toBe(version);
});
