/**
 * How long an isolate leaves a Durable Object alone that is overloaded: that did not answer in time, or said so. Without
 * a pause, an object that thousands of isolates asked at once would never catch up: it works off calls that nobody waits
 * for any more, while the isolates ask again.
 *
 *   calls in a row that found the object overloaded    pause, from the beginning of the last one
 *   1                                                  none: it may be a moment's trouble
 *   2                                                  2 s
 *   each further one                                   twice as long, up to the maximum
 *
 * A pause is cut by up to half at random (jitter), so that isolates that began together do not come back together. Any
 * answer, and any other failure, ends it all, and so does a time without calls as long as the maximum. Plain data, no
 * I/O; times are in ms since the epoch.
 */
import { BoundedMap } from "./bounded-map.ts";
import { isOverload } from "./durable-object.ts";

const FIRST_PAUSE_MS = 2_000;
/** Even if leases are longer: those who have none are refused during a pause. */
const MAX_PAUSE_MS = 15_000;
/** As many as leases. */
const MAX_OBJECTS = 5_000;

interface Overload {
  /** Calls in a row; overlapping ones count once. */
  readonly calls: number;
  readonly notedAt: number;
  readonly pausedUntil: number;
}

export class OverloadPauses {
  readonly #maxPauseMs: number;
  readonly #random: () => number;
  readonly #overloads = new BoundedMap<string, Overload>(MAX_OBJECTS);

  /**
   * No pause is longer than `leaseMs`, so that whatever was changed while a call was under way is heard within a lease.
   * `random`: 0 to 1.
   */
  constructor(leaseMs: number, random: () => number = Math.random) {
    this.#maxPauseMs = Math.min(leaseMs, MAX_PAUSE_MS);
    this.#random = random;
  }

  /** True if the object must not be asked now. A clock that was set back ends a pause. */
  isPaused(name: string, now: number): boolean {
    const overload = this.#overloads.get(name);
    return overload !== undefined && now >= overload.notedAt && now < overload.pausedUntil;
  }

  /** Notes how a call of the object ended that began at `startedAt`. `error`: null if it answered. */
  note(name: string, error: unknown, startedAt: number, now: number): void {
    if (!isOverload(error)) {
      this.#overloads.delete(name);
      return;
    }
    const before = this.#latest(name, now);
    if (before !== undefined && startedAt < before.notedAt) return;
    const calls = (before?.calls ?? 0) + 1;
    const fullMs = calls === 1 ? 0 : Math.min(this.#maxPauseMs, FIRST_PAUSE_MS * 2 ** (calls - 2));
    const pausedUntil = startedAt + fullMs * (1 - this.#random() / 2);
    this.#overloads.set(name, { calls, notedAt: now, pausedUntil });
  }

  /** The row so far; undefined if it ended long ago, or if the clock was set back since. */
  #latest(name: string, now: number): Overload | undefined {
    const overload = this.#overloads.get(name);
    if (overload === undefined || now < overload.notedAt) return undefined;
    return now < Math.max(overload.notedAt, overload.pausedUntil) + this.#maxPauseMs ? overload : undefined;
  }
}
