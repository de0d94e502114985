/** When the circuit of the model's deployment may refuse a call, by what Stytch answered. */

/** An open circuit lets one call through in this time, after this many failed calls; until that ends, others fail. */
const PROBE_INTERVAL_MS = 2_000;
const MAX_FAILED_CALLS = 10;
/** A call is made of so many attempts, if each fails. */
const ATTEMPTS = 3;

interface Span {
  readonly from: number;
  until: number;
}

export class ModelCircuit {
  #failedCalls = 0;
  /** Failed attempts of the call that is under way, by identifier. */
  readonly #failedAttempts = new Map<string, number>();
  /** When calls may have been refused. */
  readonly #refusals: Span[] = [];

  /** True if a call may have been refused at some moment between the two. */
  mayRefuse(from: number, until: number): boolean {
    return this.#refusals.some((span) => span.from <= until && from < span.until);
  }

  /** Stytch was asked. If the circuit is open, that is the probe, or another attempt of it. */
  noteRequest(now: number): void {
    if (this.#failedCalls >= MAX_FAILED_CALLS) this.#open(now);
  }

  /** Stytch said that it is unavailable, or was not reached. */
  noteUnavailable(identifier: string, now: number): void {
    const attempts = (this.#failedAttempts.get(identifier) ?? 0) + 1;
    this.#failedAttempts.set(identifier, attempts % ATTEMPTS);
    if (attempts < ATTEMPTS) return;
    this.#failedCalls += 1;
    if (this.#failedCalls === MAX_FAILED_CALLS) this.#open(now);
  }

  /** Stytch answered, whatever it said. */
  noteAnswer(identifier: string, now: number): void {
    this.#failedAttempts.delete(identifier);
    this.#failedCalls = 0;
    const last = this.#refusals.at(-1);
    // A call may have been refused in the millisecond of the answer.
    if (last !== undefined) last.until = Math.min(last.until, now + 1);
  }

  #open(now: number): void {
    this.#refusals.push({ from: now, until: now + PROBE_INTERVAL_MS });
  }
}
