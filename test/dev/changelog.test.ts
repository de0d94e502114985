/** The notes of a release, from CHANGELOG.md. */
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
of two lines.

## 1.0.0

- Without a date.
`;

test("the notes of a version are its section, with wrapped lines joined", () => {
  expect(releaseNotes(CHANGELOG, "1.1.0")).toEqual({
    ok: true,
    value:
      "### Added\n\n- One line that goes on in the next one - with a dash.\n- Another.\n\nA paragraph of two lines.\n",
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
