/** Calls between isolates and objects of the simulated deployment: distance, queue and timeout. */
import type { Agenda } from "../../test/simulation/agenda.ts";
import { roundTripMs } from "./regions.ts";

export interface Place {
  /** By index in `REGIONS`. */
  readonly region: number;
  /** What the way to anywhere else takes in addition to the way between regions, there and back. */
  readonly localMs: number;
}

/** A Durable Object has a soft limit of 1,000 requests a second (Cloudflare's FAQ of Durable Objects). */
const SERVICE_MS = 1;
/** A call that would wait longer is refused as overloaded. Cloudflare does not publish its bound. */
const MAX_QUEUE_MS = 5_000;
/** How long a caller of Postern waits for a key's object or the Directory. */
const CALL_TIMEOUT_MS = 1_000;

/** An object that handles one call after the other. */
export class BusyObject {
  readonly place: Place;
  /** How long each call that was not refused waited, in ms. */
  readonly waits: number[] = [];
  calls = 0;
  /** Calls that were refused, or whose callers gave up. */
  failed = 0;
  #freeAt = 0;

  constructor(place: Place) {
    this.place = place;
  }

  /** When a call that arrives now has been handled; null if it is refused. */
  handledAt(now: number): number | null {
    this.calls += 1;
    const waitMs = Math.max(0, this.#freeAt - now);
    if (waitMs > MAX_QUEUE_MS) return null;
    this.waits.push(waitMs);
    this.#freeAt = now + waitMs + SERVICE_MS;
    return this.#freeAt;
  }

  /** Forgets what was counted, and goes on. */
  resetCounts(): void {
    this.waits.length = 0;
    this.calls = 0;
    this.failed = 0;
  }
}

export const distanceMs = (one: Place, other: Place) =>
  roundTripMs(one.region, other.region) + one.localMs + other.localMs;

/** Resolves with what `work` returns when the object handles the call. Rejects after a second, or if it is refused. */
export function callObject<T>(agenda: Agenda, from: Place, object: BusyObject, work: () => T): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const oneWayMs = distanceMs(from, object.place) / 2;
  let isOver = false;
  const end = (settle: () => void) => {
    if (isOver) return;
    isOver = true;
    settle();
  };
  const fail = () =>
    end(() => {
      object.failed += 1;
      // As the platform says it; a call that takes too long counts the same.
      reject(Object.assign(new Error("The object is overloaded."), { overloaded: true }));
    });
  agenda.after(oneWayMs, () => {
    const at = object.handledAt(agenda.now());
    if (at === null) {
      agenda.after(oneWayMs, fail);
      return;
    }
    // The object handles a call whose caller has given up, too.
    agenda.after(at - agenda.now(), () => {
      const result = work();
      agenda.after(oneWayMs, () => end(() => resolve(result)));
    });
  });
  agenda.after(CALL_TIMEOUT_MS, fail);
  return promise;
}
