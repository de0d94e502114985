import { expect, test } from "vitest";
import { type AttemptOutcome, retryDelayMs } from "../../src/stytch/retry.ts";

const LONG_MS = 60_000;

test.each<[AttemptOutcome, boolean]>([
  ["no_connection", true],
  [502, true],
  [503, true],
  [504, true],
  [500, false],
  [501, false],
  [429, false],
  [408, false],
  [404, false],
  [401, false],
  [302, false],
  [200, false],
])("an attempt that ends with %s is retried: %s", (outcome, isRetried) => {
  expect(retryDelayMs(outcome, 0, LONG_MS, undefined, 0) !== null).toBe(isRetried);
});

test("the two retries back off exponentially, and half of each delay is jitter", () => {
  const delayMs = (retries: number, random: number) => retryDelayMs(503, retries, LONG_MS, undefined, random);
  expect([delayMs(0, 0), delayMs(0, 0.5), delayMs(0, 1)]).toEqual([50, 75, 100]);
  expect([delayMs(1, 0), delayMs(1, 1)]).toEqual([100, 200]);
  expect([delayMs(2, 0), delayMs(3, 0)]).toEqual([null, null]);
});

test("a retry that could not begin before the deadline is not made", () => {
  expect(retryDelayMs("no_connection", 0, 51, undefined, 0)).toBe(50);
  expect(retryDelayMs("no_connection", 0, 50, undefined, 0)).toBeNull();
  expect(retryDelayMs("no_connection", 0, 0, undefined, 0)).toBeNull();
});

test("a retry waits for Retry-After up to 500 ms, and is not made if that is longer", () => {
  expect(retryDelayMs(503, 0, LONG_MS, 0.4, 0)).toBe(400);
  expect(retryDelayMs(503, 0, LONG_MS, 0, 0)).toBe(50);
  expect(retryDelayMs(503, 0, LONG_MS, 0.5, 0)).toBe(500);
  expect(retryDelayMs(503, 0, LONG_MS, 0.501, 0)).toBeNull();
  expect(retryDelayMs(503, 0, LONG_MS, 1, 0)).toBeNull();
  expect(retryDelayMs(503, 0, 400, 0.4, 0)).toBeNull();
});
