/**
 * When Stytch is not called at all: after ten failed calls in a row, but for a probe every two seconds, and until the time that it named with a
 * 429. Plain data, one for an isolate: each finds out for itself. Times are in ms since the epoch.
 */
import type { Failure } from "../errors.ts";

export interface Circuit {
  /** Failed calls in a row; a call and its retries are one. */
  failures: number;
  /** When it opened, or a probe was let through last. */
  probedAt: number;
  /** Until when Stytch has said to leave it alone. */
  pausedUntil: number;
  /** When it answered last. */
  answeredAt: number;
}

const MAX_FAILURES = 10;
const PROBE_INTERVAL_MS = 2_000;
/** A time that is further away is a mistake, of Stytch or of a clock. */
const MAX_PAUSE_MS = 3_600_000;

export const createCircuit = (): Circuit => ({ failures: 0, probedAt: 0, pausedUntil: 0, answeredAt: 0 });

const circuits = new WeakMap<object, Circuit>();

/** The circuit of this configuration in this isolate. */
export function circuitOf(config: object): Circuit {
  const circuit = circuits.get(config) ?? createCircuit();
  circuits.set(config, circuit);
  return circuit;
}

/** Why Stytch is not to be called now, or null. Who is told null calls it: where the circuit is open, that is the probe. */
export function checkCircuit(circuit: Circuit, now: number): Failure | null {
  const limitedMs = pausedForMs(circuit, now);
  if (limitedMs > 0) return { type: "upstream_rate_limited", retryAfterSeconds: limitedMs / 1_000 };
  if (circuit.failures < MAX_FAILURES) return null;
  const sinceProbe = now - circuit.probedAt;
  // A clock that has gone back keeps nobody waiting.
  if (sinceProbe >= 0 && sinceProbe < PROBE_INTERVAL_MS) {
    return { type: "upstream_unavailable", retryAfterSeconds: (PROBE_INTERVAL_MS - sinceProbe) / 1_000 };
  }
  circuit.probedAt = now;
  return null;
}

/** For how long Stytch is not to be called by its own word, in ms; not for longer than can be meant, nor by a clock that has gone back. */
export function pausedForMs({ pausedUntil }: Circuit, now: number): number {
  const ms = pausedUntil - now;
  return ms <= MAX_PAUSE_MS ? Math.max(0, ms) : 0;
}

/** Takes in how a call that began then has ended; null: Stytch answered, whatever it said. */
export function recordOutcome(circuit: Circuit, failure: Failure | null, began: number, now: number): void {
  if (failure?.type === "upstream_rate_limited" && failure.retryAfterSeconds !== undefined) {
    const named = Math.min(failure.retryAfterSeconds * 1_000, MAX_PAUSE_MS);
    // Of two calls that were told, the longer word stands.
    circuit.pausedUntil = now + Math.max(named, pausedForMs(circuit, now));
  }
  if (failure?.type !== "upstream_unavailable" && failure?.type !== "upstream_timeout") {
    circuit.failures = 0;
    circuit.answeredAt = now;
    return;
  }
  // It has recovered since: calls that hung from before say nothing of now.
  if (began < circuit.answeredAt && circuit.answeredAt <= now) return;
  circuit.failures += 1;
  if (circuit.failures === MAX_FAILURES) circuit.probedAt = now;
}
