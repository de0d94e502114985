/**
 * The circuit breaker in front of Stytch. It also keeps the pause that Stytch asks for with `Retry-After` in a 429.
 *
 * | State     | Calls                         | Left when                                                    |
 * |-----------|-------------------------------|--------------------------------------------------------------|
 * | closed    | pass                          | ten calls in a row fail: open                                |
 * | open      | refused                       | 2 s have passed since it opened or since a probe: half-open  |
 * | half-open | one passes, as a probe        | at once: open, until an answer closes it                     |
 * | paused    | refused, in each other state  | the time that a 429 named has passed, one hour at most       |
 *
 * Each isolate has its own circuit and learns for itself. All moments are milliseconds since the epoch.
 */
import type { Failure } from "../errors.ts";

/** A call and its retries count as one failure. */
const MAX_FAILURES = 10;
const PROBE_INTERVAL_MS = 2_000;
/** A longer pause is a mistake, either of Stytch or of a clock. */
const MAX_PAUSE_MS = 3_600_000;

export class Circuit {
  #failuresInARow = 0;
  /** When the circuit opened, or let the last probe pass. */
  #probedAt = 0;
  #pausedUntil = 0;
  #answeredAt = 0;

  /**
   * Returns why Stytch must not be called now, or null. A caller that gets null must make the call: if the circuit is
   * open, that call is the probe.
   */
  check(now: number): Failure | null {
    const pausedMs = this.pausedForMs(now);
    if (pausedMs > 0) return { type: "upstream_rate_limited", retryAfterSeconds: pausedMs / 1_000 };
    if (this.#failuresInARow < MAX_FAILURES) return null;
    const sinceProbeMs = now - this.#probedAt;
    // If the clock has been set back, the circuit must not stay open until it catches up.
    if (sinceProbeMs >= 0 && sinceProbeMs < PROBE_INTERVAL_MS) {
      return { type: "upstream_unavailable", retryAfterSeconds: (PROBE_INTERVAL_MS - sinceProbeMs) / 1_000 };
    }
    this.#probedAt = now;
    return null;
  }

  /** Returns how many milliseconds are left of the pause that Stytch asked for; 0 if there is none. */
  pausedForMs(now: number): number {
    const ms = this.#pausedUntil - now;
    // More than the maximum is possible only if the clock has been set back.
    return ms <= MAX_PAUSE_MS ? Math.max(0, ms) : 0;
  }

  /** Records how a call that began at `requestedAt` ended. A `failure` of null means an answer, a 404 included. */
  recordOutcome(failure: Failure | null, requestedAt: number, now: number): void {
    if (failure?.type === "upstream_rate_limited" && failure.retryAfterSeconds !== undefined) {
      const requestedMs = Math.min(failure.retryAfterSeconds * 1_000, MAX_PAUSE_MS);
      // Calls in parallel may get different pauses; the longest one holds.
      this.#pausedUntil = now + Math.max(requestedMs, this.pausedForMs(now));
    }
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
