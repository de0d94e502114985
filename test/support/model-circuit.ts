/** When the circuit of the model's deployment may refuse a call, by what Stytch answered. */
import { TEST_VARS } from "./vars.ts";

/** An open circuit lets one call through in this time, after this many failed calls; until that ends, others fail. */
const PROBE_INTERVAL_MS = 2_000;
const MAX_FAILED_CALLS = 10;
const MAX_ATTEMPTS = 3;
/** A call that has taken longer is not retried: its deadline is too near. A wait of the model takes longer than that. */
const MAX_RETRY_AGE_MS = Number(TEST_VARS.UPSTREAM_TIMEOUT_MS) / 2;

/** A call of Stytch that is under way. */
interface Call {
  readonly startedAt: number;
  failedAttempts: number;
}

interface Span {
  readonly from: number;
  until: number;
}

export class ModelCircuit {
  #failedCalls = 0;
  /** By identifier: each has one at a time. */
  readonly #calls = new Map<string, Call>();
  /** When calls may have been refused. */
  readonly #refusals: Span[] = [];

  /** True if a call may have been refused at some moment between the two. */
  mayRefuse(from: number, until: number): boolean {
    return this.#refusals.some((span) => span.from <= until && from < span.until);
  }

  /** Stytch was asked. If the circuit is open, that is the probe, or another attempt of it. */
  noteRequest(identifier: string, now: number): void {
    if (!this.#calls.has(identifier)) this.#calls.set(identifier, { startedAt: now, failedAttempts: 0 });
    if (this.#failedCalls >= MAX_FAILED_CALLS) this.#open(now);
  }

  /** Stytch said that it is unavailable, or was not reached. */
  noteUnavailable(identifier: string, now: number): void {
    const call = this.#calls.get(identifier);
    // It was ended by a pause, which may not have been noticed before its last attempt.
    if (call === undefined) return;
    call.failedAttempts += 1;
    if (call.failedAttempts < MAX_ATTEMPTS && now - call.startedAt < MAX_RETRY_AGE_MS) return;
    this.#endFailed(identifier, now);
  }

  /** Calls that would make another attempt may end without it. */
  endCalls(): void {
    for (const [identifier, { failedAttempts }] of this.#calls) {
      if (failedAttempts > 0) this.#endFailed(identifier, Date.now());
    }
  }

  /** Stytch answered, whatever it said. */
  noteAnswer(identifier: string, now: number): void {
    this.#calls.delete(identifier);
    this.#failedCalls = 0;
    const last = this.#refusals.at(-1);
    // A call may have been refused in the millisecond of the answer.
    if (last !== undefined) last.until = Math.min(last.until, now + 1);
  }

  #endFailed(identifier: string, now: number): void {
    this.#calls.delete(identifier);
    this.#failedCalls += 1;
    if (this.#failedCalls === MAX_FAILED_CALLS) this.#open(now);
  }

  #open(now: number): void {
    this.#refusals.push({ from: now, until: now + PROBE_INTERVAL_MS });
  }
}
