/**
 * A token bucket: it holds `limit` tokens and refills evenly over the period, so that over any stretch of T seconds at most
 * limit + T · limit / period calls are admitted. Pure, and exact: levels are whole numbers of a unit of which a token is as many as the
 * period has milliseconds, and a millisecond brings `limit` of them. The largest, 10^6 tokens of a day, is below 2^53.
 */
import type { KeyRecord } from "../keys/record.ts";

export type Limit = NonNullable<KeyRecord["rate_limit"]>;

export interface Bucket {
  /** In units, never above what is full. */
  readonly level: number;
  /** As of when, ms since the epoch. */
  readonly at: number;
}

/** Units of a token. */
export const tokenOf = (limit: Limit) => limit.period_seconds * 1_000;
const capacityOf = (limit: Limit) => limit.limit * tokenOf(limit);

export const full = (limit: Limit, now: number): Bucket => ({ level: capacityOf(limit), at: now });

/** As of `now`; a clock that went back brings nothing and takes nothing. `outstanding`: tokens that have their place in the bucket still. */
export function refilled(bucket: Bucket, limit: Limit, now: number, outstanding = 0): Bucket {
  // A whole period fills it, whatever was in it: more would only overflow.
  const elapsed = Math.min(Math.max(0, now - bucket.at), tokenOf(limit));
  const most = Math.max(0, capacityOf(limit) - outstanding * tokenOf(limit));
  const level = Math.min(most, bucket.level + elapsed * limit.limit);
  return { level, at: Math.max(bucket.at, now) };
}

/** Takes one token, if there is one. */
export function take(bucket: Bucket, limit: Limit, now: number): { bucket: Bucket; granted: boolean } {
  const before = refilled(bucket, limit, now);
  const granted = before.level >= tokenOf(limit);
  return { bucket: granted ? { ...before, level: before.level - tokenOf(limit) } : before, granted };
}

/** Under another limit: the tokens that are left stay, as far as the new one holds them. */
export function underLimit(bucket: Bucket, from: Limit, to: Limit, now: number): Bucket {
  const { level, at } = refilled(bucket, from, now);
  const tokens = Math.floor(level / tokenOf(from));
  const rest = Math.floor(((level % tokenOf(from)) * tokenOf(to)) / tokenOf(from));
  return { level: Math.min(capacityOf(to), tokens * tokenOf(to) + rest), at };
}

/** Whole tokens. */
export const tokensIn = (level: number, limit: Limit) => Math.floor(level / tokenOf(limit));

/** How long until a bucket at this level has a token, in ms; 0 where it has one. */
export const msToToken = (level: number, limit: Limit) => msTo(tokenOf(limit), level, limit);

/** How long until a bucket at this level is full, in ms. */
export const msToFull = (level: number, limit: Limit) => msTo(capacityOf(limit), level, limit);

const msTo = (wanted: number, level: number, { limit }: Limit) =>
  Math.ceil(Math.max(0, wanted - level) / limit);
