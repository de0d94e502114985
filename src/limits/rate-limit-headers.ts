/** What a caller learns about its limit: never more than is left, and never a time that is too early. Pure. */
import { type Limit, msUntilToken, refill, tokensIn, unitsPerToken } from "./bucket.ts";
import type { BucketSnapshot } from "./bucket-snapshot.ts";

export interface Quota {
  readonly limit: Limit;
  /** Whole tokens. */
  readonly remaining: number;
  /** Seconds until the bucket is full again or, if nothing remains, until there is a token; rounded up. */
  readonly resetSeconds: number;
}

/**
 * What is certainly left: the tokens that the isolate holds, and those of the bucket if no other isolate takes them.
 * `isCurrent`: the object has just said what is in the bucket.
 */
export function quotaOf(snapshot: BucketSnapshot, held: number, now: number, isCurrent: boolean): Quota {
  const { limit, level, fullAt, soleConsumerUntil, ttlMs } = snapshot;
  const isAccurate = isCurrent || now < soleConsumerUntil;
  const remaining = held + (isAccurate ? tokensIn(level, limit) : 0);
  if (remaining === 0) return refusedQuota(snapshot, now);
  // Other isolates may have taken all tokens, and may hold them for a while.
  const ms = isAccurate ? Math.max(0, fullAt - now) : limit.period_seconds * 1_000 + 2 * ttlMs;
  return { limit, remaining, resetSeconds: Math.ceil(ms / 1_000) };
}

/** The quota of a refused call. Tokens that may be left belong to calls that came before it. */
export function refusedQuota(snapshot: BucketSnapshot, now: number): Quota {
  const resetSeconds = Math.ceil(msUntilNextToken(snapshot, now) / 1_000);
  return { limit: snapshot.limit, remaining: 0, resetSeconds };
}

/** How long until there is a token besides those that the snapshot has. */
function msUntilNextToken(snapshot: BucketSnapshot, now: number): number {
  const { limit, retryAt } = snapshot;
  const { level } = refill(snapshot, limit, now);
  return Math.max(retryAt - now, msUntilToken(level % unitsPerToken(limit), limit));
}

/**
 * Sets the headers of draft-ietf-httpapi-ratelimit-headers-11. `namedLimit`: the limit that `RateLimit-Policy` names
 * already; null if that is not set.
 */
export function setRateLimit(headers: Headers, quota: Quota, namedLimit: Limit | null = null): void {
  const { limit, remaining, resetSeconds } = quota;
  // Limits are never changed in place, so the same object means the same policy.
  if (limit !== namedLimit)
    headers.set("RateLimit-Policy", `"key";q=${limit.limit};w=${limit.period_seconds}`);
  headers.set("RateLimit", `"key";r=${remaining};t=${resetSeconds}`);
}

export function deleteRateLimit(headers: Headers): void {
  headers.delete("RateLimit-Policy");
  headers.delete("RateLimit");
}
