import { expect, test } from "vitest";
import { OverloadPauses } from "../../src/platform/overload-pauses.ts";
import { TimeoutError } from "../../src/platform/timeout.ts";

const OVERLOADED = Object.assign(new Error("too much"), { overloaded: true });

/** Pauses of at most 5 s, with the clock at 0. `fraction`: what chance says. */
function createPauses(fraction = 0) {
  const pauses = new OverloadPauses(5_000, () => fraction);
  let now = 0;
  return {
    pauses,
    isPaused: (name = "a") => pauses.isPaused(name, now),
    setNow: (ms: number) => {
      now = ms;
    },
    /** Asks as soon as it may; returns how long that was from the last failure, in ms. */
    failAgain: (error: unknown = OVERLOADED) => {
      const from = now;
      while (pauses.isPaused("a", now)) now += 1;
      const waited = now - from;
      pauses.note("a", error, now, now);
      return waited;
    },
  };
}

test("an overloaded object is asked once more at once, then after 1, 2, 4 and 5 s", () => {
  const { failAgain } = createPauses();
  expect(Array.from({ length: 7 }, () => failAgain())).toEqual([0, 0, 1_000, 2_000, 4_000, 5_000, 5_000]);
});

test("chance shortens a pause by up to a half", () => {
  const { failAgain } = createPauses(1);
  expect(Array.from({ length: 6 }, () => failAgain())).toEqual([0, 0, 500, 1_000, 2_000, 2_500]);
});

test("a call that takes too long counts as one that found the object overloaded", () => {
  const { failAgain, isPaused } = createPauses();
  failAgain(new TimeoutError("no answer"));
  failAgain(new TimeoutError("no answer"));
  expect(isPaused()).toBe(true);
  expect(isPaused("b")).toBe(false);
});

test.each([
  ["an answer", null],
  ["a reset", Object.assign(new Error("reset"), { retryable: true })],
  ["any other failure", new Error("defect")],
])("%s ends the row, so the next overload begins without a pause", (_what, outcome) => {
  const { failAgain, isPaused, pauses } = createPauses();
  for (let call = 0; call < 4; call += 1) failAgain();
  expect(isPaused()).toBe(true);
  pauses.note("a", outcome, 0, 0);
  expect(isPaused()).toBe(false);
  failAgain();
  expect(isPaused()).toBe(false);
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

test("a clock that is set back ends a pause", () => {
  const { failAgain, isPaused, setNow } = createPauses();
  setNow(100_000);
  for (let call = 0; call < 4; call += 1) failAgain();
  expect(isPaused()).toBe(true);
  setNow(50_000);
  expect(isPaused()).toBe(false);
});
