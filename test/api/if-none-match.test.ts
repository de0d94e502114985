/** The comparison of `If-None-Match` with an entity tag (RFC 9110, section 13.1.2). */
import { expect, test } from "vitest";
import { matchesEtag } from "../../src/api/response.ts";

const ETAG = 'W/"0123456789abcdef0123456789abcdef"';
const STRONG = '"0123456789abcdef0123456789abcdef"';

test.each([
  ["the tag", ETAG],
  ["the tag in its strong form (comparison is weak, RFC 9110, 13.1.2)", STRONG],
  ["*", "*"],
  ["* with white space", " * "],
  ["a list, the tag first", `${ETAG}, "other"`],
  ["a list, the tag last", `"other", W/"another", ${ETAG}`],
  ["a list without spaces", `"other",${STRONG},W/"another"`],
  ["a list with empty members", `, ,${ETAG},`],
  ["a list with a comma inside another tag", `"a,b", ${ETAG}`],
])("If-None-Match with %s matches", (_, header) => {
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
])("If-None-Match with %s does not match", (_, header) => {
  expect(matchesEtag(header, ETAG)).toBe(false);
});

test("If-None-Match of the maximum length is compared in linear time", { timeout: 1_000 }, () => {
  expect(matchesEtag('"'.repeat(99_999), ETAG)).toBe(false);
  expect(matchesEtag("W/".repeat(50_000), ETAG)).toBe(false);
});
