import { describe, expect, test } from "vitest";
import type { Failure } from "../../src/errors.ts";
import { Circuit } from "../../src/stytch/circuit.ts";

const NOW = 1_800_000_000_000;
const UNAVAILABLE = { type: "upstream_unavailable" } as const;
const limited = (retryAfterSeconds: number | undefined) =>
  ({ type: "upstream_rate_limited", retryAfterSeconds }) as const;

function circuitAfter(outcomes: readonly (Failure | null)[], now = NOW): Circuit {
  const circuit = new Circuit();
  for (const outcome of outcomes) circuit.recordOutcome(outcome, now, now);
  return circuit;
}
const times = (count: number, failure: Failure = UNAVAILABLE) => Array<Failure>(count).fill(failure);
const isOpen = (circuit: Circuit, now = NOW) => circuit.check(now) !== null;

describe("the circuit", () => {
  test("opens with the tenth failure in a row, and not with the ninth", () => {
    expect(isOpen(circuitAfter(times(9)))).toBe(false);
    expect(circuitAfter(times(10)).check(NOW + 500)).toEqual({
      ...UNAVAILABLE,
      retryAfterSeconds: 1.5,
    });
    expect(isOpen(circuitAfter(times(10, { type: "upstream_timeout" })))).toBe(true);
  });

  test.each<[string, Failure | null]>([
    ["an answer", null],
    ["a refusal of Postern", { type: "upstream_rejected" }],
    ["a body that is none", { type: "upstream_invalid_response" }],
    ["a limit", limited(undefined)],
  ])("counts anew after %s: Stytch can be reached", (_, outcome) => {
    expect(isOpen(circuitAfter([...times(9), outcome, ...times(9)]))).toBe(false);
  });

  test("lets one probe through every two seconds, and closes when it succeeds", () => {
    const circuit = circuitAfter(times(10));
    expect([1_999, 2_000, 2_000, 3_999].map((ms) => isOpen(circuit, NOW + ms))).toEqual([
      true,
      false,
      true,
      true,
    ]);
    circuit.recordOutcome(UNAVAILABLE, NOW + 2_000, NOW + 3_000);
    expect([3_999, 4_000, 4_001].map((ms) => isOpen(circuit, NOW + ms))).toEqual([true, false, true]);
    circuit.recordOutcome(null, NOW + 4_000, NOW + 4_100);
    expect([4_100, 4_100].map((ms) => isOpen(circuit, NOW + ms))).toEqual([false, false]);
  });

  test("is not opened by calls that hung from before Stytch answered", () => {
    const circuit = new Circuit();
    circuit.recordOutcome(null, NOW + 2_000, NOW + 2_100);
    for (let i = 0; i < 10; i += 1) circuit.recordOutcome({ type: "upstream_timeout" }, NOW, NOW + 5_000);
    expect(isOpen(circuit, NOW + 5_000)).toBe(false);
    for (let i = 0; i < 10; i += 1) circuit.recordOutcome(UNAVAILABLE, NOW + 2_100, NOW + 5_000);
    expect(isOpen(circuit, NOW + 5_000)).toBe(true);
  });

  test("does not stay open because the clock has gone back", () => {
    expect(isOpen(circuitAfter(times(10)), NOW - 60_000)).toBe(false);
  });
});

describe("a 429", () => {
  test("that says until when keeps all calls back until then, to the millisecond, and says how long", () => {
    const circuit = circuitAfter([limited(30)]);
    expect(circuit.check(NOW + 29_500)).toEqual(limited(0.5));
    expect(isOpen(circuit, NOW + 29_999)).toBe(true);
    expect(isOpen(circuit, NOW + 30_000)).toBe(false);
  });

  test("that says less does not take back what another said", () => {
    for (const later of [1, 0]) {
      const circuit = circuitAfter([limited(30), limited(later)]);
      expect(isOpen(circuit, NOW + 29_999)).toBe(true);
      expect(isOpen(circuit, NOW + 30_000)).toBe(false);
    }
    expect(isOpen(circuitAfter([limited(1), limited(30)]), NOW + 29_999)).toBe(true);
  });

  test("that does not keeps nobody back", () => {
    expect(isOpen(circuitAfter([limited(undefined)]))).toBe(false);
    expect(isOpen(circuitAfter([limited(0)]))).toBe(false);
  });

  test("is believed for an hour at most, and not by a clock that has gone back", () => {
    const circuit = circuitAfter([limited(999_999_999)]);
    expect(isOpen(circuit, NOW + 3_599_999)).toBe(true);
    expect(isOpen(circuit, NOW + 3_600_000)).toBe(false);
    expect(isOpen(circuit, NOW - 1)).toBe(false);
  });
});
