import { expect, test } from "vitest";
import type { Failure } from "../../src/errors.ts";
import { Pauses } from "../../src/stytch/pauses.ts";
import { NOW } from "../support/clock.ts";

const limited = (retryAfterSeconds: number) =>
  ({ type: "upstream_rate_limited", retryAfterSeconds }) as const;

type Outcome = readonly [object: string, failure: Failure | null, ms?: number];

function pausesAfter(...outcomes: readonly Outcome[]): Pauses {
  const pauses = new Pauses();
  for (const [object, failure, ms = 0] of outcomes) pauses.recordOutcome(object, failure, NOW + ms);
  return pauses;
}
const isPaused = (pauses: Pauses, object: string, ms = 0) => pauses.check(object, NOW + ms) !== null;
const ANOTHER = "not asked for before";

test("a 429 pauses its object until Retry-After, and refusals say how long", () => {
  const pauses = pausesAfter(["a", limited(30)]);
  expect(pauses.check("a", NOW + 29_500)).toEqual(limited(0.5));
  expect(pauses.pausedForMs("a", NOW + 29_500)).toBe(500);
  expect(isPaused(pauses, "a", 29_999)).toBe(true);
  expect(isPaused(pauses, "a", 30_000)).toBe(false);
  expect(pauses.pausedForMs("a", NOW + 30_000)).toBe(0);
});

test("one or two refused objects pause no other object", () => {
  expect(isPaused(pausesAfter(["a", limited(30)]), ANOTHER)).toBe(false);
  expect(isPaused(pausesAfter(["a", limited(30)], ["b", limited(30)]), ANOTHER)).toBe(false);
});

test("objects are compared as they were asked for", () => {
  const pauses = pausesAfter(["acme", limited(30)]);
  for (const other of ["Acme", "acme ", "__proto__", ""]) expect(isPaused(pauses, other)).toBe(false);
});

test("three objects refused in a row pause the operation until the third's Retry-After", () => {
  const pauses = pausesAfter(["a", limited(60)], ["b", limited(1)], ["c", limited(30)]);
  expect(pauses.check(ANOTHER, NOW + 10_000)).toEqual(limited(20));
  expect(isPaused(pauses, ANOTHER, 29_999)).toBe(true);
  expect(isPaused(pauses, ANOTHER, 30_000)).toBe(false);
  // The pause of the operation does not end that of an object, and the other way round.
  expect(isPaused(pauses, "b", 29_999)).toBe(true);
  expect(isPaused(pauses, "a", 59_999)).toBe(true);
});

test("one object refused many times does not pause the operation", () => {
  const refusals = Array.from({ length: 20 }, (_, i) => ["a", limited(30), i * 30_000] as const);
  expect(isPaused(pausesAfter(...refusals), ANOTHER, 600_000)).toBe(false);
  expect(isPaused(pausesAfter(...refusals, ["b", limited(30), 600_000]), ANOTHER, 600_000)).toBe(false);
});

test.each<[string, Failure | null]>([
  ["an answer", null],
  ["a refusal of Postern", { type: "upstream_rejected" }],
  ["an invalid body", { type: "upstream_invalid_response" }],
])("%s ends the row of refused objects", (_, outcome) => {
  const pauses = pausesAfter(["a", limited(9)], ["b", limited(9)], ["a", outcome], ["c", limited(9)]);
  expect(isPaused(pauses, ANOTHER)).toBe(false);
  pauses.recordOutcome("d", limited(9), NOW);
  pauses.recordOutcome("e", limited(9), NOW);
  expect(isPaused(pauses, ANOTHER)).toBe(true);
});

test.each(["upstream_unavailable", "upstream_timeout"] as const)(
  "%s does not end the row: it says nothing of limits",
  (type) => {
    const pauses = pausesAfter(["a", limited(9)], ["b", limited(9)], ["a", { type }], ["c", limited(9)]);
    expect(isPaused(pauses, ANOTHER)).toBe(true);
  },
);

test("an answer that comes during a pause ends no pause", () => {
  const refused: Outcome[] = [
    ["a", limited(30)],
    ["b", limited(30)],
    ["c", limited(30)],
  ];
  const pauses = pausesAfter(...refused, ["a", null], [ANOTHER, null]);
  expect(isPaused(pauses, "a", 29_999)).toBe(true);
  expect(isPaused(pauses, ANOTHER, 29_999)).toBe(true);
});

test("when the operation's pause ends, one more 429 begins the next, and an answer does not", () => {
  const row: Outcome[] = [
    ["a", limited(2)],
    ["b", limited(2)],
    ["c", limited(2)],
  ];
  expect(isPaused(pausesAfter(...row, ["a", limited(2), 2_000]), ANOTHER, 3_999)).toBe(true);
  expect(isPaused(pausesAfter(...row, ["d", null, 2_000], ["e", limited(2), 2_000]), ANOTHER, 2_000)).toBe(
    false,
  );
});

test("the longest of several pauses holds, for an object and for the operation", () => {
  for (const later of [1, 0]) {
    const pauses = pausesAfter(["a", limited(30)], ["a", limited(later)]);
    expect(isPaused(pauses, "a", 29_999)).toBe(true);
    expect(isPaused(pauses, "a", 30_000)).toBe(false);
    const all = pausesAfter(["a", limited(1)], ["b", limited(1)], ["c", limited(30)], ["d", limited(later)]);
    expect(isPaused(all, ANOTHER, 29_999)).toBe(true);
    expect(isPaused(all, ANOTHER, 30_000)).toBe(false);
  }
  expect(isPaused(pausesAfter(["a", limited(1)], ["a", limited(30)]), "a", 29_999)).toBe(true);
});

test("a 429 with a Retry-After of 0 pauses nothing, but counts for the row", () => {
  const pauses = pausesAfter(["a", limited(0)], ["b", limited(0)], ["c", limited(0)]);
  for (const object of ["a", "b", "c", ANOTHER]) expect(isPaused(pauses, object)).toBe(false);
  pauses.recordOutcome("a", limited(5), NOW);
  expect(isPaused(pauses, ANOTHER)).toBe(true);
});

test("a clock that was set back ends the pauses of an object and of the operation", () => {
  const pauses = pausesAfter(["a", limited(30)], ["b", limited(30)], ["c", limited(30)]);
  expect(isPaused(pauses, "a", -1)).toBe(false);
  expect(isPaused(pauses, ANOTHER, -3_000_000)).toBe(false);
  // A pause that begins then is as long as Stytch says, not until the clock has caught up.
  pauses.recordOutcome("a", limited(4), NOW - 3_000_000);
  expect(pauses.check("a", NOW - 3_000_000)).toEqual(limited(4));
});

test("at most 1,000 objects are remembered as paused, the latest ones", () => {
  const pauses = new Pauses();
  for (let i = 0; i <= 1_000; i += 1) {
    pauses.recordOutcome(`object ${i}`, limited(30), NOW);
    pauses.recordOutcome("answered", null, NOW);
  }
  expect(isPaused(pauses, "object 0")).toBe(false);
  expect(isPaused(pauses, "object 1")).toBe(true);
  expect(isPaused(pauses, "object 1000")).toBe(true);
});

test("429s with a Retry-After of 0 do not displace the pauses of other objects", () => {
  const pauses = pausesAfter(["a", limited(30)]);
  for (let i = 0; i < 1_000; i += 1) pauses.recordOutcome(`object ${i}`, limited(0), NOW);
  expect(isPaused(pauses, "a")).toBe(true);
});
