import { expect, test } from "vitest";
import { callsInASecond, noDemand, withCall } from "../../src/limits/call-rate.ts";

const SECOND = 1_800_000_000_000;
const after = (times: readonly number[]) =>
  times.reduce((demand, ms) => withCall(demand, SECOND + ms), noDemand);

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
  expect(Math.floor(callsInASecond(after(times), SECOND + at))).toBe(calls);
});

test("a steady rate is seen as it is, whenever one looks after the first second", () => {
  let demand = noDemand;
  for (let i = 0; i < 500; i += 1) {
    demand = withCall(demand, SECOND + i * 10);
    if (i >= 100) expect(Math.abs(callsInASecond(demand, SECOND + i * 10) - 100)).toBeLessThanOrEqual(1);
  }
});
