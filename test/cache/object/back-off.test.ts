/** How long a failing Stytch is left alone. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BackOff,
  isBackingOff,
  NO_FAILURES,
  recordFailure,
} from "../../../src/cache/object/back-off.ts";
import { NOW } from "../../support/clock.ts";

/** As after this many failures, each when the pause before it was over. */
function row(failures: number, now = NOW): BackOff<string> {
  let backOff: BackOff<string> = NO_FAILURES;
  for (let i = 1; i <= failures; i += 1)
    backOff = recordFailure(backOff, `failure ${i}`, Math.max(now, backOff.until));
  return backOff;
}

describe("a back-off", () => {
  test("without a failure there is no back-off", () => {
    expect(NO_FAILURES).toEqual({ failures: 0, until: 0, last: null });
  });

  test.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [4, 8_000],
    [5, 16_000],
    [6, 30_000],
    [7, 30_000],
    [2_000, 30_000],
  ])("the back-off after failure %i in a row lasts %i ms", (times, pause) => {
    const before = row(times - 1);
    const now = Math.max(NOW, before.until) + 123;
    expect(recordFailure(before, "the last", now)).toEqual({
      failures: times,
      until: now + pause,
      last: "the last",
    });
  });

  test("a failure during a back-off does not prolong it", () => {
    const paused = recordFailure(NO_FAILURES, "first", NOW);
    expect(recordFailure(paused, "another", NOW)).toBe(paused);
    expect(recordFailure(paused, "another", NOW + 999)).toBe(paused);
  });

  test("a failure at the end of a back-off is the next in a row", () => {
    const paused = recordFailure(NO_FAILURES, "first", NOW);
    expect(recordFailure(paused, "second", NOW + 1_000)).toEqual({
      failures: 2,
      until: NOW + 3_000,
      last: "second",
    });
  });

  test("a back-off goes on growing after a day without requests", () => {
    expect(recordFailure(row(3), "a day later", NOW + 86_400_000)).toMatchObject({
      failures: 4,
      until: NOW + 86_400_000 + 8_000,
    });
  });

  test("recording a failure does not change the back-off before it", () => {
    recordFailure(NO_FAILURES, "x", NOW);
    expect(NO_FAILURES).toEqual({ failures: 0, until: 0, last: null });
  });
});

test("any back-off lasts 1 to 30 s, never shrinks, and keeps the failure that began it", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 40 }), (gaps) => {
      let backOff: BackOff<number> = NO_FAILURES;
      let now = NOW;
      let pause = 0;
      for (const [index, gap] of gaps.entries()) {
        now += gap;
        const next = recordFailure(backOff, index, now);
        if (now < backOff.until) {
          expect(next).toBe(backOff);
          continue;
        }
        expect(next.failures).toBe(backOff.failures + 1);
        expect(next.last).toBe(index);
        expect(next.until - now).toBeGreaterThanOrEqual(Math.max(1_000, pause));
        expect(next.until - now).toBeLessThanOrEqual(Math.min(30_000, 2 * Math.max(pause, 500)));
        pause = next.until - now;
        backOff = next;
      }
    }),
  );
});

test("a clock that was set back cannot prolong a back-off", () => {
  const paused = recordFailure(NO_FAILURES, "x", 1_000_000);
  expect([isBackingOff(paused, 1_000_999), isBackingOff(paused, 1_001_000)]).toEqual([true, false]);
  expect([isBackingOff(paused, 971_000), isBackingOff(paused, 970_999)]).toEqual([true, false]);
  expect(recordFailure(paused, "y", 900_000)).toMatchObject({ failures: 2, until: 902_000, last: "y" });
});
