/**
 * The object's last word on a bucket, as an isolate keeps it. A snapshot is replaced whole and never edited.
 *
 * All moments are of the isolate's clock, in ms since the epoch. Each is dated so that the isolate errs towards fewer
 * tokens and later times: from when the request was sent, or from when the response arrived.
 */
import {
  type Bucket,
  fullBucket,
  type Limit,
  msUntilFull,
  msUntilToken,
  takeFromBucket,
  tokensIn,
} from "./bucket.ts";
import { isScarce, refusalPauseMs } from "./grant-policy.ts";
import type { TokenResponse } from "./messages.ts";

/** `level` is what was left besides all grants, and `at` the arrival of the response that said so. */
export interface BucketSnapshot extends Bucket {
  readonly limit: Limit;
  readonly sequence: number;
  /** When the isolate sent the request of this response. */
  readonly requestedAt: number;
  /** How long a grant lasts. */
  readonly ttlMs: number;
  /** No other isolate takes tokens before then, as far as the object knows; `requestedAt` if one may. */
  readonly soleConsumerUntil: number;
  readonly fullAt: number;
  /** The bucket has no token before then. */
  readonly retryAt: number;
  /** Whether a call was refused, and tokens have been scarce ever since. */
  readonly isRefusing: boolean;
}

/** Before the object has said anything: a full bucket, and no grants yet. */
export const createSnapshot = (limit: Limit, now: number): BucketSnapshot => ({
  ...fullBucket(limit, now),
  limit,
  sequence: 0,
  requestedAt: now,
  ttlMs: 0,
  soleConsumerUntil: now,
  fullAt: now,
  retryAt: now,
  isRefusing: false,
});

/**
 * The snapshot after a response, which refused a call or not. One that was decided earlier than the current one changes
 * nothing.
 */
export function nextSnapshot(
  current: BucketSnapshot,
  response: TokenResponse,
  wasRefused: boolean,
  requestedAt: number,
  ttlMs: number,
  now: number,
): BucketSnapshot {
  const { limit, level, sequence } = response;
  if (sequence < current.sequence) return current;
  const left = tokensIn(level, limit);
  const isRefusing = wasRefused || (current.isRefusing && (left === 0 || isScarce(left, limit)));
  return {
    limit,
    level,
    at: now,
    sequence,
    requestedAt,
    ttlMs,
    soleConsumerUntil: response.isSoleConsumer ? requestedAt + ttlMs : requestedAt,
    fullAt: now + response.msUntilFull,
    retryAt: retryAt(msUntilToken(level, limit), isRefusing, limit, requestedAt, now),
    isRefusing,
  };
}

function retryAt(
  waitMs: number,
  isRefusing: boolean,
  limit: Limit,
  requestedAt: number,
  now: number,
): number {
  if (waitMs === 0) return requestedAt;
  return isRefusing ? now + Math.max(waitMs, refusalPauseMs(limit)) : requestedAt + waitMs;
}

/** The object may have acted on a request that failed, so other isolates may have taken tokens. */
export const withUnknownConsumers = (snapshot: BucketSnapshot): BucketSnapshot => ({
  ...snapshot,
  soleConsumerUntil: snapshot.requestedAt,
});

/** Takes a token from the snapshot itself, while the object fails. */
export function takeFromSnapshot(
  snapshot: BucketSnapshot,
  now: number,
): { readonly snapshot: BucketSnapshot; readonly granted: boolean } {
  const { bucket, granted } = takeFromBucket(snapshot, snapshot.limit, now);
  const fullAt = now + msUntilFull(bucket.level, snapshot.limit);
  return { snapshot: { ...snapshot, ...bucket, fullAt }, granted };
}
