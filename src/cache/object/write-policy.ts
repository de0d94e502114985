/**
 * When an entry is written to KV again. A changed organization is written at once. An unchanged one is not: readers who
 * find the copy in KV too old ask the Organization object, and such a call costs 33 times less than a write. So the
 * copy is written again
 *
 *   - after 33 such calls: writes and calls together then cost at most twice the optimum (the ski rental rule);
 *   - after an eighth of its TTL, so that it can hide a failing Stytch nearly as long as one written at each refresh.
 *
 * Pure.
 */
import type { Config } from "../../config.ts";
import type { Entry } from "../entry.ts";
import { kvTtlSeconds } from "../freshness.ts";

/** Identifies the entry that was last written to KV under an organization ID. */
export interface MirroredVersion {
  readonly etag: string;
  readonly requestedAt: number;
  readonly receivedAt: number;
}

/**
 * $5.00 a million writes (https://developers.cloudflare.com/kv/platform/pricing/) divided by $0.15 a million requests
 * to a Durable Object.
 */
export const READS_PER_WRITE = 33;

/** The fraction of the KV TTL after which an unchanged entry is written again. */
const MAX_TTL_SHARE = 1 / 8;

export const mirroredVersionOf = ({ etag, requestedAt, receivedAt }: Entry): MirroredVersion => ({
  etag,
  requestedAt,
  receivedAt,
});

/**
 * True if `entry` should be written to KV. `mirrored` is undefined if it is unknown what KV holds; `avoidableReads`
 * counts the calls since the last write that a newer copy would have saved.
 */
export function isWorthWriting(
  mirrored: MirroredVersion | undefined,
  entry: Entry,
  avoidableReads: number,
  cache: Config["cache"],
): boolean {
  if (mirrored === undefined || mirrored.etag !== entry.etag) return true;
  if (entry.requestedAt <= mirrored.requestedAt) return false;
  if (avoidableReads >= READS_PER_WRITE) return true;
  // Never before the copy is too old to be served stale: until then it saves every call.
  const servableSeconds = cache.freshSeconds + cache.staleSeconds;
  const rewriteAfterSeconds = Math.max(servableSeconds, kvTtlSeconds(cache) * MAX_TTL_SHARE);
  return entry.receivedAt - mirrored.receivedAt >= rewriteAfterSeconds * 1_000;
}

/**
 * True if a newer copy in KV would have saved the caller this call. `newestRequestedAt` belongs to the newest entry
 * that the caller has; null if it has none.
 */
export function isAvoidableRead(
  mirrored: MirroredVersion | undefined,
  held: Entry,
  newestRequestedAt: number | null,
): boolean {
  const isMirrored = mirrored !== undefined && mirrored.requestedAt >= held.requestedAt;
  return !isMirrored && (newestRequestedAt === null || newestRequestedAt < held.requestedAt);
}
