/**
 * When an entry is written to KV again. A changed organization always is. An unchanged one is answered from the copy that KV has, and who
 * finds that copy too old asks the organization's object, which is 33 times cheaper than a write: so the copy is renewed once that has been
 * done 33 times (then the writes and the calls cost at most twice what the best of both would), or when it has used up an eighth of
 * its life, so that it can hide a failing Stytch for nearly as long as one that was written at each refresh. Pure.
 */
import type { Config } from "../../config.ts";
import type { Entry } from "../entry.ts";
import { kvTtlSeconds } from "../freshness.ts";

/** What KV was given last under an organization's ID. */
export interface MirroredVersion {
  readonly etag: string;
  readonly requestedAt: number;
  readonly receivedAt: number;
}

/** $5.00 a million writes (https://developers.cloudflare.com/kv/platform/pricing/) over $0.15 a million calls of an object. */
export const READS_PER_WRITE = 33;

/** Of its life, for which an unchanged copy is left as it is. */
const MAX_TTL_SHARE = 1 / 8;

export const mirroredVersionOf = ({ etag, requestedAt, receivedAt }: Entry): MirroredVersion => ({
  etag,
  requestedAt,
  receivedAt,
});

/** `stored`: undefined where that is not known. `calls`: those that a newer copy in KV would have spared, since the last write. */
export function isWorthWriting(
  stored: MirroredVersion | undefined,
  entry: Entry,
  calls: number,
  cache: Config["cache"],
): boolean {
  if (stored === undefined || stored.etag !== entry.etag) return true;
  if (entry.requestedAt <= stored.requestedAt) return false;
  if (calls >= READS_PER_WRITE) return true;
  const atOnce = cache.freshSeconds + cache.staleSeconds;
  const left = Math.max(atOnce, kvTtlSeconds(cache) * MAX_TTL_SHARE);
  return entry.receivedAt - stored.receivedAt >= left * 1_000;
}

/** Whether a caller whose newest entry is of `has` was sent to the object by the age of KV's copy. */
export function isAvoidableRead(
  stored: MirroredVersion | undefined,
  held: Entry,
  has: number | null,
): boolean {
  const isInKv = stored !== undefined && stored.requestedAt >= held.requestedAt;
  return !isInKv && (has === null || has < held.requestedAt);
}
