/**
 * The pauses of one operation of the Stytch API, such as the read of a member, after its 429s. An object is what the
 * operation was asked for: an identifier as the caller wrote it, so an ID and a slug of one organization are two.
 *
 * | A call for an object ends with   | The object              | The operation                                           |
 * |----------------------------------|-------------------------|---------------------------------------------------------|
 * | a 429 with `Retry-After`         | is paused until then    | is paused until then, too, if three or more objects     |
 * |                                  |                         | were refused in a row                                   |
 * | a 429 without, or with one that  | is paused for 2 s: a    | is paused for 2 s, too, if three or more objects were   |
 * | cannot be read                   | limit goes on (1)       | refused in a row                                        |
 * | a 429 with 0                     | is not paused: Stytch   | is not paused; the refusal counts for the row           |
 * |                                  | may be asked at once    |                                                         |
 * | another answer, a 404 included   | stays paused, if it is  | stays paused, if it is; the row ends                    |
 * | no answer: connection, 5xx,      | the same                | the same; the row goes on, since this says nothing of   |
 * | timeout                          |                         | limits                                                  |
 *
 * (1) Asking on would use up what Stytch allows, and prolong the limit. As with an open circuit, one call in 2 s shows
 * soon enough that it is over.
 *
 * The longest of several pauses holds. That of the operation begins with the third refusal, and the pauses of the first
 * two objects do not prolong it: one object's long pause must not stop all. When it ends, the row goes on: one more 429
 * begins the next pause. Each isolate has its own pauses and learns for itself. All moments are milliseconds since the
 * epoch.
 */
import type { Failure } from "../errors.ts";
import { BoundedMap } from "../platform/bounded-map.ts";

/** This many different objects in a row show that Stytch limits the operation, not an object. */
const MIN_REFUSED_OBJECTS = 3;
const MAX_PAUSED_OBJECTS = 1_000;

/** For a 429 that does not say when to come again. */
export const DEFAULT_PAUSE_SECONDS = 2;

interface Pause {
  readonly startedAt: number;
  readonly until: number;
}

export class Pauses {
  readonly #objects = new BoundedMap<string, Pause>(MAX_PAUSED_OBJECTS);
  #operation: Pause | undefined;
  /** The objects that were refused since the last answer, or the first three of them. */
  readonly #refusedInARow = new Set<string>();

  /** Returns why the object must not be asked for now, or null. */
  check(object: string, now: number): Failure | null {
    const ms = this.pausedForMs(object, now);
    return ms > 0 ? { type: "upstream_rate_limited", retryAfterSeconds: ms / 1_000 } : null;
  }

  /** Returns how many milliseconds are left until the object may be asked for; 0 if it may be now. */
  pausedForMs(object: string, now: number): number {
    return Math.max(msLeft(this.#operation, now), msLeft(this.#objects.get(object), now));
  }

  /** Records how a call for the object ended. A `failure` of null means an answer, a 404 included. */
  recordOutcome(object: string, failure: Failure | null, now: number): void {
    if (failure?.type === "upstream_unavailable" || failure?.type === "upstream_timeout") return;
    if (failure?.type !== "upstream_rate_limited") {
      this.#refusedInARow.clear();
      return;
    }
    if (this.#refusedInARow.size < MIN_REFUSED_OBJECTS) this.#refusedInARow.add(object);
    const pauseMs = failure.retryAfterSeconds * 1_000;
    if (pauseMs === 0) return;
    this.#objects.set(object, prolong(this.#objects.get(object), pauseMs, now));
    if (this.#refusedInARow.size === MIN_REFUSED_OBJECTS) {
      this.#operation = prolong(this.#operation, pauseMs, now);
    }
  }
}

/** A clock that was set back ends a pause: it must not last until the clock catches up. */
const msLeft = (pause: Pause | undefined, now: number) =>
  pause === undefined || now < pause.startedAt ? 0 : Math.max(0, pause.until - now);

/** Calls in parallel may get different pauses; the longest one holds. */
const prolong = (pause: Pause | undefined, ms: number, now: number): Pause => ({
  startedAt: now,
  until: now + Math.max(ms, msLeft(pause, now)),
});
