import { expect, test } from "vitest";
import { NO_CALLS, ratePerSecond, recordCall } from "../../src/limits/call-rate.ts";

const SECOND = 1_800_000_000_000;
const after = (times: readonly number[]) =>
  times.reduce((demand, ms) => recordCall(demand, SECOND + ms), NO_CALLS);

test.each([
  [[], 0, 0],
  [[0], 0, 0],
  [[0, 1, 2], 2, 2],
  [[0, 100, 200, 300], 1_000, 3],
  [[0, 100, 200, 300, 1_500], 1_500, 2],
  [[0, 100, 200, 300], 1_999, 0],
  [[0, 100, 200, 300], 2_000, 0],
  [[0, 100, 5_000], 5_000, 0],
])("calls at %j ms are, at %i ms, %i in a second besides the last", (times, at, calls) => {
  expect(Math.floor(ratePerSecond(after(times), SECOND + at))).toBe(calls);
});

test("a steady rate is seen as it is, whenever one looks after the first second", () => {
  let demand = NO_CALLS;
  for (let i = 0; i < 500; i += 1) {
    demand = recordCall(demand, SECOND + i * 10);
    if (i >= 100) expect(Math.abs(ratePerSecond(demand, SECOND + i * 10) - 100)).toBeLessThanOrEqual(1);
  }
});
