/**
 * The circuit breaker in front of Stytch, for all operations together. A 429 is an answer; what it pauses is in
 * `pauses.ts`.
 *
 * | State     | Calls                  | Left when                                                    |
 * |-----------|------------------------|--------------------------------------------------------------|
 * | closed    | pass                   | ten calls in a row fail: open                                |
 * | open      | refused                | 2 s have passed since it opened or since a probe: half-open  |
 * | half-open | one passes, as a probe | at once: open, until an answer closes it                     |
 *
 * Each isolate has its own circuit and learns for itself. All moments are milliseconds since the epoch.
 */
import type { Failure } from "../errors.ts";

/** A call and its retries count as one failure. */
const MAX_FAILURES = 10;
const PROBE_INTERVAL_MS = 2_000;

export class Circuit {
  #failuresInARow = 0;
  /** When the circuit opened, or let the last probe pass. */
  #probedAt = 0;
  #answeredAt = 0;

  /**
   * Returns why Stytch must not be called now, or null. A caller that gets null must make the call: if the circuit is
   * open, that call is the probe.
   */
  check(now: number): Failure | null {
    if (this.#failuresInARow < MAX_FAILURES) return null;
    const sinceProbeMs = now - this.#probedAt;
    // If the clock has been set back, the circuit must not stay open until it catches up.
    if (sinceProbeMs >= 0 && sinceProbeMs < PROBE_INTERVAL_MS) {
      return { type: "upstream_unavailable", retryAfterSeconds: (PROBE_INTERVAL_MS - sinceProbeMs) / 1_000 };
    }
    this.#probedAt = now;
    return null;
  }

  /** Records how a call that began at `requestedAt` ended. A `failure` of null means an answer, a 404 included. */
  recordOutcome(failure: Failure | null, requestedAt: number, now: number): void {
    if (failure?.type !== "upstream_unavailable" && failure?.type !== "upstream_timeout") {
      this.#failuresInARow = 0;
      this.#answeredAt = now;
      return;
    }
    // A call that hung since before the last answer does not show that Stytch fails now.
    if (requestedAt < this.#answeredAt && this.#answeredAt <= now) return;
    this.#failuresInARow += 1;
    if (this.#failuresInARow === MAX_FAILURES) this.#probedAt = now;
  }
}
