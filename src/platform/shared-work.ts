/**
 * Work that several requests of an isolate need at the same time, and that one of them does for all (request
 * coalescing, single flight):
 *
 *   the first to come                       does the work: the leader
 *   who comes meanwhile                     waits for its result, with a timeout of its own
 *   the leader succeeds                     all have the result
 *   the leader fails soon                   one of those who wait does the work again, once; the others wait for that
 *   the leader fails when half of the       those who came with it fail with it: their own work would have failed too
 *   timeout is over
 *   the leader ends without a word          one of those who wait does the work after the timeout; the others wait
 *
 * The work belongs to the request that leads and the result is plain data, so no request touches another one's I/O
 * (waiters.ts). If the caller of the leader leaves, `waitUntil` lets the work go on for the others.
 */
import { BoundedMap } from "./bounded-map.ts";
import { Waiters } from "./waiters.ts";

/** More than an isolate has under way. Those who wait for one that is evicted are answered all the same. */
const MAX_RUNNING = 5_000;

interface Run<T> {
  readonly startedAt: number;
  readonly waiters: Waiters;
  /** Undefined until the leader is done. */
  outcome: { readonly value: T } | { readonly error: unknown } | undefined;
}

export interface SharedWorkOptions {
  /** How long the work takes at most, in ms, and how long a request waits for another one's. */
  readonly timeoutMs: number;
  readonly waitUntil: (work: Promise<unknown>) => void;
  readonly now: () => number;
}

export class SharedWork<T> {
  readonly #running = new BoundedMap<string, Run<T>>(MAX_RUNNING);

  /**
   * Resolves with what `work` does, or with what it does for another request of the same name. `work` must end within
   * `timeoutMs`, and return data that is not tied to a request. Rejects if it fails; settles within twice `timeoutMs`.
   */
  async run(name: string, options: SharedWorkOptions, work: () => Promise<T>): Promise<T> {
    const { timeoutMs, now } = options;
    const cameAt = now();
    const first = this.#runOf(name, cameAt, timeoutMs);
    if (first === null) return await this.#lead(name, options, work);
    await first.waiters.wait(timeoutMs);
    if (first.outcome !== undefined) {
      if ("value" in first.outcome) return first.outcome.value;
      if (now() - cameAt >= timeoutMs / 2) throw first.outcome.error;
    }
    const next = this.#runOf(name, now(), timeoutMs);
    // Nobody has taken the place of a leader that failed, that ended without a word, or that too many wait for.
    if (next === null || next === first) return await this.#lead(name, options, work);
    await next.waiters.wait(timeoutMs);
    if (next.outcome === undefined) throw new Error(`no result within ${timeoutMs} ms`);
    if ("value" in next.outcome) return next.outcome.value;
    throw next.outcome.error;
  }

  /** What is under way; null if nothing is, or if it must have ended by now. */
  #runOf(name: string, now: number, timeoutMs: number): Run<T> | null {
    const run = this.#running.get(name);
    return run !== undefined && now >= run.startedAt && now - run.startedAt < timeoutMs ? run : null;
  }

  async #lead(name: string, { waitUntil, now }: SharedWorkOptions, work: () => Promise<T>): Promise<T> {
    const run: Run<T> = { startedAt: now(), waiters: new Waiters(), outcome: undefined };
    this.#running.set(name, run);
    const end = (outcome: NonNullable<Run<T>["outcome"]>) => {
      run.outcome = outcome;
      if (this.#running.get(name) === run) this.#running.delete(name);
      run.waiters.notifyAll();
    };
    const result = work();
    waitUntil(
      result.then(
        (value) => end({ value }),
        (error: unknown) => end({ error }),
      ),
    );
    return await result;
  }
}
