/**
 * When an entry is written to KV again. A changed organization always is. An unchanged one is answered from the copy that KV has, and who
 * finds that copy too old asks the organization's object, which is 33 times cheaper than a write: so the copy is renewed once that has been
 * done 33 times (then the writes and the calls cost at most twice what the best of both would), or when it has used up an eighth of
 * its life, so that it can hide a failing Stytch for nearly as long as one that was written at each refresh. Pure.
 */
import type { Config } from "../../config.ts";
import type { Entry } from "../entry.ts";
import { kvLifeSeconds } from "../freshness.ts";

/** What KV was given last under an organization's ID. */
export interface Stored {
  readonly etag: string;
  readonly began: number;
  readonly fetchedAt: number;
}

/** $5.00 a million writes (https://developers.cloudflare.com/kv/platform/pricing/) over $0.15 a million calls of an object. */
export const CALLS_OF_A_WRITE = 33;

/** Of its life, for which an unchanged copy is left as it is. */
const SHARE_OF_LIFE = 1 / 8;

export const storedOf = ({ etag, began, fetchedAt }: Entry): Stored => ({ etag, began, fetchedAt });

/** `stored`: undefined where that is not known. `calls`: those that a newer copy in KV would have spared, since the last write. */
export function isWorthWriting(
  stored: Stored | undefined,
  entry: Entry,
  calls: number,
  cache: Config["cache"],
): boolean {
  if (stored === undefined || stored.etag !== entry.etag) return true;
  if (entry.began <= stored.began) return false;
  if (calls >= CALLS_OF_A_WRITE) return true;
  const atOnce = cache.freshSeconds + cache.staleSeconds;
  const left = Math.max(atOnce, kvLifeSeconds(cache) * SHARE_OF_LIFE);
  return entry.fetchedAt - stored.fetchedAt >= left * 1_000;
}

/** Whether a caller whose newest entry is of `has` was sent to the object by the age of KV's copy. */
export function wouldHaveBeenSpared(stored: Stored | undefined, held: Entry, has: number | null): boolean {
  const isInKv = stored !== undefined && stored.began >= held.began;
  return !isInKv && (has === null || has < held.began);
}
