/**
 * How long an isolate leaves a Durable Object alone that is overloaded: that did not answer in time, or said so. Without
 * a pause, an object that many isolates asked at once would never catch up: it works off calls that nobody waits for any
 * more, and each isolate asks again with its next request.
 *
 *   calls in a row that found the object overloaded    pause
 *   1                                                  none: it may be a moment's trouble
 *   2                                                  1 s
 *   each further one                                   twice as long, up to the maximum
 *
 * A pause is cut by up to half at random (jitter), so that isolates that began together do not come back together. Any
 * answer, and any other failure, ends it all. Plain data, no I/O; times are in ms since the epoch.
 */
import { BoundedMap } from "./bounded-map.ts";
import { isOverload } from "./durable-object.ts";

const FIRST_PAUSE_MS = 1_000;
/** As many as leases. */
const MAX_OBJECTS = 5_000;

interface Overload {
  /** Calls in a row; overlapping ones count once. */
  readonly calls: number;
  readonly since: number;
  readonly until: number;
}

export class OverloadPauses {
  readonly #maxPauseMs: number;
  readonly #random: () => number;
  readonly #overloads = new BoundedMap<string, Overload>(MAX_OBJECTS);

  /** `random`: 0 to 1. */
  constructor(maxPauseMs: number, random: () => number = Math.random) {
    this.#maxPauseMs = maxPauseMs;
    this.#random = random;
  }

  /** True if the object must not be asked now. A clock that was set back ends a pause. */
  isPaused(name: string, now: number): boolean {
    const overload = this.#overloads.get(name);
    return overload !== undefined && now >= overload.since && now < overload.until;
  }

  /** Notes how a call of the object ended that began at `startedAt`. `error`: null if it answered. */
  note(name: string, error: unknown, startedAt: number, now: number): void {
    if (!isOverload(error)) {
      this.#overloads.delete(name);
      return;
    }
    const before = this.#overloads.get(name);
    if (before !== undefined && startedAt < before.since) return;
    const calls = (before?.calls ?? 0) + 1;
    const fullMs = calls === 1 ? 0 : Math.min(this.#maxPauseMs, FIRST_PAUSE_MS * 2 ** (calls - 2));
    this.#overloads.set(name, { calls, since: now, until: now + fullMs * (1 - this.#random() / 2) });
  }
}
