/** The ages of an entry, to the millisecond. */
import { expect, test } from "vitest";
import { ageSeconds, freshnessOf, kvTtlSeconds } from "../../src/cache/freshness.ts";

const CACHE = {
  freshSeconds: 60,
  staleSeconds: 30,
  staleIfErrorSeconds: 600,
  negativeSeconds: 10,
  memorySeconds: 5,
};
const FETCHED_AT = 1_700_000_000_000;

test.each([
  [0, "fresh"],
  [59_999, "fresh"],
  [60_000, "stale"],
  [89_999, "stale"],
  [90_000, "stale_if_error"],
  [689_999, "stale_if_error"],
  [690_000, "expired"],
  [Number.MAX_SAFE_INTEGER, "expired"],
])("%s ms after the answer, an entry of 60, 30 and 600 seconds is %s", (age, expected) => {
  expect(freshnessOf(FETCHED_AT, FETCHED_AT + age, CACHE)).toBe(expected);
});

test("a clock behind the writer's makes no entry older, and no age negative", () => {
  expect(freshnessOf(FETCHED_AT, FETCHED_AT - 5_000, CACHE)).toBe("fresh");
  expect(ageSeconds(FETCHED_AT, FETCHED_AT - 5_000)).toBe(0);
});

test.each([
  [0, 0],
  [999, 0],
  [1_000, 1],
  [59_999, 59],
  [60_000, 60],
])("an age of %s ms is %s whole seconds", (age, expected) => {
  expect(ageSeconds(FETCHED_AT, FETCHED_AT + age)).toBe(expected);
});

test("KV keeps an entry as long as it may be served", () => {
  expect(kvTtlSeconds(CACHE)).toBe(690);
});

test("KV is never given a TTL of under 60 seconds, which it refuses", () => {
  const short = { ...CACHE, freshSeconds: 1, staleSeconds: 0, staleIfErrorSeconds: 0 };
  expect(kvTtlSeconds(short)).toBe(60);
  expect(kvTtlSeconds({ ...short, staleSeconds: 59 })).toBe(60);
  expect(kvTtlSeconds({ ...short, staleSeconds: 60 })).toBe(61);
});
