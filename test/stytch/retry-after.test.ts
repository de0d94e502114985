import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRetryAfter } from "../../src/stytch/retry-after.ts";

const NOW = Date.parse("2026-10-21T07:28:00Z");

test.each([
  ["0", 0],
  ["120", 120],
  [" 5 ", 5],
  ["007", 7],
  ["3600", 3_600],
  ["3601", 3_600],
  ["86400", 3_600],
  ["999999999", 3_600],
  ["9999999999", 3_600],
  ["9".repeat(400), 3_600],
])("Retry-After %j is read as %i seconds", (header, expected) => {
  expect(parseRetryAfter(header, NOW)).toBe(expected);
});

test.each([
  ["Wed, 21 Oct 2026 07:28:30 GMT", 30],
  [" Wed, 21 Oct 2026 08:28:00 GMT ", 3_600],
  ["Wednesday, 21-Oct-26 07:29:00 GMT", 60],
  ["Wed Oct 21 07:28:01 2026", 1],
  ["Wed, 21 Oct 2026 08:28:01 GMT", 3_600],
  ["Fri, 31 Dec 9999 23:59:59 GMT", 3_600],
  ["Sunday, 21-Oct-46 07:28:00 GMT", 3_600],
  ["Fri Dec 31 23:59:59 9999", 3_600],
])("Retry-After %j, an HTTP date, is read as %i seconds from now", (header, expected) => {
  expect(parseRetryAfter(header, NOW)).toBe(expected);
});

test.each([
  "Wed, 32 Oct 2026 07:28:30 GMT",
  "Wed, 21 Xyz 2026 07:28:30 GMT",
  "Wed, 21 Oct 2026 25:61:61 GMT",
])("Retry-After %j has the form of an HTTP date, but is none, and is ignored", (header) => {
  expect(parseRetryAfter(header, NOW)).toBeUndefined();
});

test("Retry-After with a date that is now or has passed is read as 0 seconds", () => {
  expect(parseRetryAfter("Wed, 21 Oct 2026 07:28:00 GMT", NOW)).toBe(0);
  expect(parseRetryAfter("Wed, 21 Oct 2015 07:28:00 GMT", NOW)).toBe(0);
});

test.each([
  null,
  "",
  " ",
  "-1",
  "+5",
  "1.5",
  "1e3",
  "0x10",
  "5, 6",
  "60s",
  "soon",
  "120 seconds",
  "NaN",
  "Infinity",
])("Retry-After %j is malformed, and is ignored", (header) => {
  expect(parseRetryAfter(header, NOW)).toBeUndefined();
});

test("Retry-After with words and a number is ignored, though Date.parse accepts it", () => {
  expect(parseRetryAfter("soon 5", NOW)).toBeUndefined();
  expect(parseRetryAfter("try again 12", NOW)).toBeUndefined();
});

test("Retry-After with any text gives undefined or a number from 0 to 3,600", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.bigInt().map(String)), (header) => {
      const seconds = parseRetryAfter(header, NOW) ?? 0;
      expect(seconds >= 0 && seconds <= 3_600).toBe(true);
    }),
  );
});
