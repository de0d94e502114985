/**
 * A token bucket: it holds `limit` tokens and refills evenly over the period, so that over any stretch of T seconds at
 * most limit + T · limit / period calls are admitted.
 *
 * Pure and exact: a level is a whole number of units. A token has as many units as the period has milliseconds, so each
 * millisecond brings `limit` units. The largest level, 10^6 tokens of a day, is below 2^53.
 */

/** The `rate_limit` of a key. */
export interface Limit {
  readonly limit: number;
  readonly period_seconds: number;
}

export interface Bucket {
  /** In units, never above the capacity. */
  readonly level: number;
  /** The moment of this level, in ms since the epoch. */
  readonly at: number;
}

export const unitsPerToken = (limit: Limit) => limit.period_seconds * 1_000;
const capacityUnits = (limit: Limit) => limit.limit * unitsPerToken(limit);

export const fullBucket = (limit: Limit, now: number): Bucket => ({ level: capacityUnits(limit), at: now });

/**
 * The bucket at `now`. A clock that went back neither adds nor removes anything. `outstanding` tokens still have their
 * place in the bucket, so it fills up to the capacity less those.
 */
export function refill(bucket: Bucket, limit: Limit, now: number, outstanding = 0): Bucket {
  // A whole period fills any bucket. More would overflow the exact integers.
  const elapsed = Math.min(Math.max(0, now - bucket.at), unitsPerToken(limit));
  const capacity = Math.max(0, capacityUnits(limit) - outstanding * unitsPerToken(limit));
  const level = Math.min(capacity, bucket.level + elapsed * limit.limit);
  return { level, at: Math.max(bucket.at, now) };
}

/** Takes one token if there is one. */
export function takeFromBucket(
  bucket: Bucket,
  limit: Limit,
  now: number,
): { bucket: Bucket; granted: boolean } {
  const before = refill(bucket, limit, now);
  const granted = before.level >= unitsPerToken(limit);
  return { bucket: granted ? { ...before, level: before.level - unitsPerToken(limit) } : before, granted };
}

/** The bucket of a key whose limit changes: the tokens that are left stay, up to the capacity of the new limit. */
export function convertToLimit(bucket: Bucket, from: Limit, to: Limit, now: number): Bucket {
  const { level, at } = refill(bucket, from, now);
  const tokens = Math.floor(level / unitsPerToken(from));
  const rest = Math.floor(((level % unitsPerToken(from)) * unitsPerToken(to)) / unitsPerToken(from));
  return { level: Math.min(capacityUnits(to), tokens * unitsPerToken(to) + rest), at };
}

/** The number of whole tokens in a level. */
export const tokensIn = (level: number, limit: Limit) => Math.floor(level / unitsPerToken(limit));

/** How long until a bucket at this level has a token, in ms; 0 if it has one. */
export const msUntilToken = (level: number, limit: Limit) => msUntilLevel(unitsPerToken(limit), level, limit);

/** How long until a bucket at this level is full, in ms. */
export const msUntilFull = (level: number, limit: Limit) => msUntilLevel(capacityUnits(limit), level, limit);

const msUntilLevel = (wanted: number, level: number, { limit }: Limit) =>
  Math.ceil(Math.max(0, wanted - level) / limit);
