import { expect, test } from "vitest";
import type { Failure } from "../../src/errors.ts";
import { Circuit } from "../../src/stytch/circuit.ts";
import { NOW } from "../support/clock.ts";

const UNAVAILABLE = { type: "upstream_unavailable" } as const;
const TIMEOUT = { type: "upstream_timeout" } as const;
const limited = (retryAfterSeconds: number) =>
  ({ type: "upstream_rate_limited", retryAfterSeconds }) as const;

function circuitAfter(outcomes: readonly (Failure | null)[], now = NOW): Circuit {
  const circuit = new Circuit();
  for (const outcome of outcomes) circuit.recordOutcome(outcome, now, now);
  return circuit;
}
const repeat = (count: number, failure: Failure = UNAVAILABLE) => Array<Failure>(count).fill(failure);
const isRefused = (circuit: Circuit, now = NOW) => circuit.check(now) !== null;

test("the circuit opens after the tenth failed call in a row, and not after the ninth", () => {
  expect(isRefused(circuitAfter(repeat(9)))).toBe(false);
  expect(circuitAfter(repeat(10)).check(NOW + 500)).toEqual({ ...UNAVAILABLE, retryAfterSeconds: 1.5 });
  expect(isRefused(circuitAfter(repeat(10, TIMEOUT)))).toBe(true);
});

test.each<[string, Failure | null]>([
  ["an answer", null],
  ["a refusal of Postern", { type: "upstream_rejected" }],
  ["an invalid body", { type: "upstream_invalid_response" }],
  ["a 429", limited(2)],
])("%s sets the circuit's count of failures to zero", (_, outcome) => {
  expect(isRefused(circuitAfter([...repeat(9), outcome, ...repeat(9)]))).toBe(false);
});

test("an open circuit lets a probe pass every 2 s, and closes when one succeeds", () => {
  const circuit = circuitAfter(repeat(10));
  const refusedAt = (...times: number[]) => times.map((ms) => isRefused(circuit, NOW + ms));
  expect(refusedAt(1_999, 2_000, 2_000, 3_999)).toEqual([true, false, true, true]);
  circuit.recordOutcome(UNAVAILABLE, NOW + 2_000, NOW + 3_000);
  expect(refusedAt(3_999, 4_000, 4_001)).toEqual([true, false, true]);
  circuit.recordOutcome(null, NOW + 4_000, NOW + 4_100);
  expect(refusedAt(4_100, 4_100)).toEqual([false, false]);
});

test("failed calls that began before the last answer do not open the circuit", () => {
  const circuit = new Circuit();
  circuit.recordOutcome(null, NOW + 2_000, NOW + 2_100);
  for (let i = 0; i < 10; i += 1) circuit.recordOutcome(TIMEOUT, NOW, NOW + 5_000);
  expect(isRefused(circuit, NOW + 5_000)).toBe(false);
  for (let i = 0; i < 10; i += 1) circuit.recordOutcome(UNAVAILABLE, NOW + 2_100, NOW + 5_000);
  expect(isRefused(circuit, NOW + 5_000)).toBe(true);
});

test("a circuit does not stay open because the clock was set back", () => {
  expect(isRefused(circuitAfter(repeat(10)), NOW - 60_000)).toBe(false);
});

test("429s with Retry-After refuse no call: the circuit stays closed", () => {
  const circuit = circuitAfter([limited(30), limited(999_999_999)]);
  expect(isRefused(circuit)).toBe(false);
});
