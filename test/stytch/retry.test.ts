import { expect, test } from "vitest";
import { type AttemptOutcome, retryDelayMs } from "../../src/stytch/retry.ts";

const LONG = 60_000;

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
])("after %s another attempt is made: %s", (attempt, isMade) => {
  expect(retryDelayMs(attempt, 0, LONG, undefined, 0) !== null).toBe(isMade);
});

test("there are two retries, each after a pause of which half is by chance, the second twice as long", () => {
  const pause = (retries: number, random: number) => retryDelayMs(503, retries, LONG, undefined, random);
  expect([pause(0, 0), pause(0, 0.5), pause(0, 1)]).toEqual([50, 75, 100]);
  expect([pause(1, 0), pause(1, 1)]).toEqual([100, 200]);
  expect([pause(2, 0), pause(3, 0)]).toEqual([null, null]);
});

test("none is made that would not begin before the deadline", () => {
  expect(retryDelayMs("no_connection", 0, 51, undefined, 0)).toBe(50);
  expect(retryDelayMs("no_connection", 0, 50, undefined, 0)).toBeNull();
  expect(retryDelayMs("no_connection", 0, 0, undefined, 0)).toBeNull();
});

test("a server that says when to come is not asked before, and waited for only where that is soon", () => {
  expect(retryDelayMs(503, 0, LONG, 0.4, 0)).toBe(400);
  expect(retryDelayMs(503, 0, LONG, 0, 0)).toBe(50);
  expect(retryDelayMs(503, 0, LONG, 1, 0)).toBeNull();
  expect(retryDelayMs(503, 0, 400, 0.4, 0)).toBeNull();
});
