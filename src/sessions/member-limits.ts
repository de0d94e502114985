/**
 * The rate limit of sessions: a token bucket for each member, in the isolate alone. A member whose calls arrive in
 * several isolates has one in each, so the limit is not exact, unlike that of a key.
 */
import {
  type Bucket,
  convertToLimit,
  fullBucket,
  type Limit,
  msUntilFull,
  msUntilToken,
  refill,
  takeFromBucket,
  tokensIn,
} from "../limits/bucket.ts";
import type { Quota } from "../limits/rate-limit-headers.ts";
import { BoundedMap } from "../platform/bounded-map.ts";

/** More members than call an isolate within a minute. One that is evicted begins with a full bucket. */
const MAX_MEMBERS = 10_000;

interface MemberBucket {
  readonly limit: Limit;
  readonly bucket: Bucket;
}

export class MemberLimits {
  readonly #buckets = new BoundedMap<string, MemberBucket>(MAX_MEMBERS);

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes a token for a call of the member, if there is one. `now`: ms since the epoch. */
  take(memberId: string, limit: Limit, now: number): { readonly granted: boolean; readonly quota: Quota } {
    const { bucket, granted } = takeFromBucket(this.#bucketOf(memberId, limit, now), limit, now);
    this.#buckets.set(memberId, { limit, bucket });
    return { granted, quota: toQuota(bucket, limit) };
  }

  /** What is left for the member. Takes nothing. */
  quota(memberId: string, limit: Limit, now: number): Quota {
    return toQuota(refill(this.#bucketOf(memberId, limit, now), limit, now), limit);
  }

  #bucketOf(memberId: string, limit: Limit, now: number): Bucket {
    const known = this.#buckets.get(memberId);
    if (known === undefined) return fullBucket(limit, now);
    const isSame = known.limit.limit === limit.limit && known.limit.period_seconds === limit.period_seconds;
    return isSame ? known.bucket : convertToLimit(known.bucket, known.limit, limit, now);
  }
}

function toQuota({ level }: Bucket, limit: Limit): Quota {
  const remaining = tokensIn(level, limit);
  const ms = remaining === 0 ? msUntilToken(level, limit) : msUntilFull(level, limit);
  return { limit, remaining, resetSeconds: Math.ceil(ms / 1_000) };
}
