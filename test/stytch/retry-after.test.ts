import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRetryAfter } from "../../src/stytch/retry-after.ts";

const NOW = Date.parse("2026-10-21T07:28:00Z");

test.each([
  ["0", 0],
  ["120", 120],
  [" 5 ", 5],
  ["007", 7],
  ["999999999", 999_999_999],
])("%j is that many seconds", (header, expected) => {
  expect(parseRetryAfter(header, NOW)).toBe(expected);
});

test.each([
  ["Wed, 21 Oct 2026 07:28:30 GMT", 30],
  [" Wed, 21 Oct 2026 08:28:00 GMT ", 3_600],
  ["Wednesday, 21-Oct-26 07:29:00 GMT", 60],
  ["Wed Oct 21 07:28:01 2026", 1],
])("%j, a date of one of HTTP's three forms, is the seconds until then", (header, expected) => {
  expect(parseRetryAfter(header, NOW)).toBe(expected);
});

test.each([
  "Wed, 32 Oct 2026 07:28:30 GMT",
  "Wed, 21 Xyz 2026 07:28:30 GMT",
  "Wed, 21 Oct 2026 25:61:61 GMT",
])("%s has the form of a date and is none: no wait is made of it", (header) => {
  expect(parseRetryAfter(header, NOW)).toBeUndefined();
});

test("a date that has passed, or is now, is no wait, and never a negative one", () => {
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
  "9999999999",
  "soon",
  "120 seconds",
  "NaN",
  "Infinity",
])("%j says neither, and no wait is made up", (header) => {
  expect(parseRetryAfter(header, NOW)).toBeUndefined();
});

test("words with a number in them are no date, though the runtime reads them as one", () => {
  expect(parseRetryAfter("soon 5", NOW)).toBeUndefined();
  expect(parseRetryAfter("try again 12", NOW)).toBeUndefined();
});

test("no header makes it throw, or wait a time that is no number", () => {
  fc.assert(
    fc.property(fc.string(), (header) => {
      const seconds = parseRetryAfter(header, NOW) ?? 0;
      expect(Number.isFinite(seconds) && seconds >= 0).toBe(true);
    }),
  );
});
