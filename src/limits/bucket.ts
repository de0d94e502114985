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
export const unitsPerToken = (limit: Limit) => limit.period_seconds * 1_000;
const capacityUnits = (limit: Limit) => limit.limit * unitsPerToken(limit);

export const fullBucket = (limit: Limit, now: number): Bucket => ({ level: capacityUnits(limit), at: now });

/** As of `now`; a clock that went back brings nothing and takes nothing. `outstanding`: tokens that have their place in the bucket still. */
export function refill(bucket: Bucket, limit: Limit, now: number, outstanding = 0): Bucket {
  // A whole period fills it, whatever was in it: more would only overflow.
  const elapsed = Math.min(Math.max(0, now - bucket.at), unitsPerToken(limit));
  const most = Math.max(0, capacityUnits(limit) - outstanding * unitsPerToken(limit));
  const level = Math.min(most, bucket.level + elapsed * limit.limit);
  return { level, at: Math.max(bucket.at, now) };
}

/** Takes one token, if there is one. */
export function takeToken(bucket: Bucket, limit: Limit, now: number): { bucket: Bucket; granted: boolean } {
  const before = refill(bucket, limit, now);
  const granted = before.level >= unitsPerToken(limit);
  return { bucket: granted ? { ...before, level: before.level - unitsPerToken(limit) } : before, granted };
}

/** Under another limit: the tokens that are left stay, as far as the new one holds them. */
export function convertToLimit(bucket: Bucket, from: Limit, to: Limit, now: number): Bucket {
  const { level, at } = refill(bucket, from, now);
  const tokens = Math.floor(level / unitsPerToken(from));
  const rest = Math.floor(((level % unitsPerToken(from)) * unitsPerToken(to)) / unitsPerToken(from));
  return { level: Math.min(capacityUnits(to), tokens * unitsPerToken(to) + rest), at };
}

/** Whole tokens. */
export const tokensIn = (level: number, limit: Limit) => Math.floor(level / unitsPerToken(limit));

/** How long until a bucket at this level has a token, in ms; 0 where it has one. */
export const msUntilToken = (level: number, limit: Limit) => msUntilLevel(unitsPerToken(limit), level, limit);

/** How long until a bucket at this level is full, in ms. */
export const msUntilFull = (level: number, limit: Limit) => msUntilLevel(capacityUnits(limit), level, limit);

const msUntilLevel = (wanted: number, level: number, { limit }: Limit) =>
  Math.ceil(Math.max(0, wanted - level) / limit);
