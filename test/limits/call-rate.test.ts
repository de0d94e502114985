import { expect, test } from "vitest";
import { CallRate } from "../../src/limits/call-rate.ts";
import { NOW } from "../support/clock.ts";

test.each([
  [[], 0, 0],
  [[0], 0, 0],
  [[0, 1, 2], 2, 2],
  [[0, 100, 200, 300], 1_000, 3],
  [[0, 100, 200, 300, 1_500], 1_500, 2],
  [[0, 100, 200, 300], 1_999, 0],
  [[0, 100, 200, 300], 2_000, 0],
  [[0, 100, 5_000], 5_000, 0],
])("calls at %j ms are, at %i ms, a rate of %i a second without the last one", (times, at, calls) => {
  const rate = new CallRate();
  for (const ms of times) rate.record(NOW + ms);
  expect(Math.floor(rate.perSecond(NOW + at))).toBe(calls);
});

test("a steady rate is measured within one call a second from the first second on", () => {
  const rate = new CallRate();
  for (let i = 0; i < 500; i += 1) {
    rate.record(NOW + i * 10);
    if (i >= 100) expect(Math.abs(rate.perSecond(NOW + i * 10) - 100)).toBeLessThanOrEqual(1);
  }
});
