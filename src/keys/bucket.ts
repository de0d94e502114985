/**
 * A token bucket: it holds `limit` tokens and refills evenly over the period, so that over any stretch of T seconds at most
 * limit + T · limit / period calls are admitted. Pure, and exact: levels are whole numbers of a unit of which a token is as many as the
 * period has milliseconds, and a millisecond brings `limit` of them. The largest, 10^6 tokens of a day, is below 2^53.
 */
import type { KeyRecord } from "./record.ts";

export type Limit = NonNullable<KeyRecord["rate_limit"]>;

export interface Bucket {
  /** In units, never above what is full. */
  readonly level: number;
  /** As of when, ms since the epoch. */
  readonly at: number;
}

/** Units of a token. */
const token = (limit: Limit) => limit.period_seconds * 1_000;
const capacity = (limit: Limit) => limit.limit * token(limit);

export const full = (limit: Limit, now: number): Bucket => ({ level: capacity(limit), at: now });

/** As of `now`; a clock that went back brings nothing and takes nothing. */
export function refilled(bucket: Bucket, limit: Limit, now: number): Bucket {
  // A whole period fills it, whatever was in it: more would only overflow.
  const elapsed = Math.min(Math.max(0, now - bucket.at), token(limit));
  const level = Math.min(capacity(limit), bucket.level + elapsed * limit.limit);
  return { level, at: Math.max(bucket.at, now) };
}

/** Takes one token, if there is one. */
export function take(bucket: Bucket, limit: Limit, now: number): { bucket: Bucket; granted: boolean } {
  const before = refilled(bucket, limit, now);
  const granted = before.level >= token(limit);
  return { bucket: granted ? { ...before, level: before.level - token(limit) } : before, granted };
}

/** Under another limit: the tokens that are left stay, as far as the new one holds them. */
export function underLimit(bucket: Bucket, from: Limit, to: Limit, now: number): Bucket {
  const { level, at } = refilled(bucket, from, now);
  const tokens = Math.floor(level / token(from));
  const rest = Math.floor(((level % token(from)) * token(to)) / token(from));
  return { level: Math.min(capacity(to), tokens * token(to) + rest), at };
}

/** What a caller may know of a bucket that has been refilled. */
export interface Quota {
  readonly limit: Limit;
  /** Whole tokens. */
  readonly remaining: number;
  /** Seconds until the bucket is full, rounded up. */
  readonly resetSeconds: number;
  /** Seconds until there is a token, rounded up; 0 where there is one. */
  readonly nextSeconds: number;
}

export function quotaOf(bucket: Bucket, limit: Limit): Quota {
  const secondsTo = (level: number) => Math.ceil(Math.max(0, level - bucket.level) / limit.limit / 1_000);
  return {
    limit,
    remaining: Math.floor(bucket.level / token(limit)),
    resetSeconds: secondsTo(capacity(limit)),
    nextSeconds: secondsTo(token(limit)),
  };
}
