import { expect, test } from "vitest";
import { OverloadPauses } from "../../src/platform/overload-pauses.ts";
import { TimeoutError } from "../../src/platform/timeout.ts";

const OVERLOADED = Object.assign(new Error("too much"), { overloaded: true });

/** Pauses with leases of 10 s, and with the clock at 0. `fraction`: what chance says. */
function createPauses(fraction = 0, leaseMs = 10_000) {
  const pauses = new OverloadPauses(leaseMs, () => fraction);
  let now = 0;
  const fail = (error: unknown = OVERLOADED, tookMs = 0) => {
    const startedAt = now;
    now += tookMs;
    pauses.note("a", error, startedAt, now);
  };
  return {
    pauses,
    isPaused: (name = "a") => pauses.isPaused(name, now),
    setNow: (ms: number) => {
      now = ms;
    },
    fail,
    /** Fails as soon as the object may be asked; returns for how long it was left alone, in ms. */
    failAgain: () => {
      const from = now;
      while (pauses.isPaused("a", now)) now += 1;
      const waited = now - from;
      fail();
      return waited;
    },
  };
}

test("an overloaded object is asked once more at once, then after 2, 4, 8 and 10 s", () => {
  const { failAgain } = createPauses();
  expect(Array.from({ length: 7 }, () => failAgain())).toEqual([0, 0, 2_000, 4_000, 8_000, 10_000, 10_000]);
});

test("chance shortens a pause by up to a half", () => {
  const { failAgain } = createPauses(1);
  expect(Array.from({ length: 6 }, () => failAgain())).toEqual([0, 0, 1_000, 2_000, 4_000, 5_000]);
});

test("no pause is longer than a lease, nor than 15 s if leases are longer", () => {
  const longest = (leaseMs: number) => {
    const { failAgain } = createPauses(0, leaseMs);
    return Math.max(...Array.from({ length: 12 }, () => failAgain()));
  };
  expect([1_000, 5_000, 60_000].map(longest)).toEqual([1_000, 5_000, 15_000]);
});

test("a pause counts from the beginning of the call, so that no lease passes without one", () => {
  const { fail, pauses } = createPauses();
  fail();
  fail(OVERLOADED, 700);
  expect(pauses.isPaused("a", 1_999)).toBe(true);
  expect(pauses.isPaused("a", 2_000)).toBe(false);
});

test("a call that takes too long counts as one that found the object overloaded", () => {
  const { fail, isPaused } = createPauses();
  fail(new TimeoutError("no answer"), 1_000);
  fail(new TimeoutError("no answer"), 1_000);
  expect(isPaused()).toBe(true);
  expect(isPaused("b")).toBe(false);
});

test.each([
  ["an answer", null],
  ["a reset", Object.assign(new Error("reset"), { retryable: true })],
  ["any other failure", new Error("defect")],
])("%s ends the row, so the next overload begins without a pause", (_what, outcome) => {
  const { failAgain, fail, isPaused } = createPauses();
  for (let call = 0; call < 4; call += 1) failAgain();
  expect(isPaused()).toBe(true);
  fail(outcome);
  expect(isPaused()).toBe(false);
  fail();
  expect(isPaused()).toBe(false);
});

test("a row ends when nobody has called for as long as the longest pause", () => {
  for (const [idleMs, isPausedThen] of [
    [19_999, true],
    [20_000, false],
  ] as const) {
    const { failAgain, fail, isPaused, setNow } = createPauses();
    for (let call = 0; call < 2; call += 1) fail();
    for (let call = 0; call < 3; call += 1) failAgain();
    // The last began at 14 s, and paused for 10.
    setNow(14_000 + idleMs);
    fail();
    expect(isPaused(), `${idleMs} ms`).toBe(isPausedThen);
  }
});

test("calls that overlap count once", () => {
  const { pauses, isPaused, setNow } = createPauses();
  for (const endedAt of [1_000, 1_001, 1_002]) pauses.note("a", OVERLOADED, endedAt - 1_000, endedAt);
  setNow(1_002);
  expect(isPaused()).toBe(false);
  pauses.note("a", OVERLOADED, 1_001, 2_000);
  setNow(2_000);
  expect(isPaused()).toBe(true);
});

test("a clock that is set back ends a pause, and later calls may begin the next", () => {
  const { fail, isPaused, setNow } = createPauses();
  setNow(100_000);
  for (let call = 0; call < 4; call += 1) fail();
  expect(isPaused()).toBe(true);
  setNow(50_000);
  expect(isPaused()).toBe(false);
  for (let call = 0; call < 2; call += 1) fail();
  expect(isPaused()).toBe(true);
});
