import { expect, test } from "vitest";
import { matchesEtag } from "../../src/api/response.ts";

const ETAG = 'W/"0123456789abcdef0123456789abcdef"';
const STRONG = '"0123456789abcdef0123456789abcdef"';

test.each([
  ["the tag itself", ETAG],
  ["the tag as a strong one: the comparison is weak", STRONG],
  ["any", "*"],
  ["any, with white space", " * "],
  ["a list, the tag first", `${ETAG}, "other"`],
  ["a list, the tag last", `"other", W/"another", ${ETAG}`],
  ["a list without spaces", `"other",${STRONG},W/"another"`],
  ["a list with empty members", `, ,${ETAG},`],
  ["a list with a comma inside another tag", `"a,b", ${ETAG}`],
])("a caller who has %s has the organization", (_, header) => {
  expect(matchesEtag(header, ETAG)).toBe(true);
});

test.each([
  ["no header", null],
  ["an empty header", ""],
  ["another tag", 'W/"ffffffffffffffffffffffffffffffff"'],
  ["a list of other tags", '"a", W/"b"'],
  ["the tag without quotes", "0123456789abcdef0123456789abcdef"],
  ["a part of the tag", '"0123456789abcdef"'],
  ["the tag within a longer one", '"x0123456789abcdef0123456789abcdef"'],
  ["the tag in upper case", STRONG.toUpperCase()],
  ["a star in quotes", '"*"'],
  ["a star in a list", '"a", *'],
  ["an empty tag", 'W/""'],
])("a caller who has %s gets it whole", (_, header) => {
  expect(matchesEtag(header, ETAG)).toBe(false);
});

test("a header as long as a request may have costs no more than its length", { timeout: 1_000 }, () => {
  expect(matchesEtag('"'.repeat(99_999), ETAG)).toBe(false);
  expect(matchesEtag("W/".repeat(50_000), ETAG)).toBe(false);
});
