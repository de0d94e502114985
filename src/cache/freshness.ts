/**
 * How fresh an entry is: arithmetic on the time at which Stytch answered, and nothing else. Pure.
 *
 *   age      0 ────────── freshSeconds ────────── + staleSeconds ────────── + staleIfErrorSeconds
 *            │   fresh    │         stale         │      stale_if_error     │  expired
 */
import type { Config } from "../config.ts";

export type Freshness =
  /** Served without asking Stytch. */
  | "fresh"
  /** Served at once and refreshed in the background (stale-while-revalidate, RFC 5861 §3). */
  | "stale"
  /** Served only if Stytch is asked and fails (stale-if-error, RFC 5861 §4). */
  | "stale_if_error"
  /** Never served. */
  | "expired";

/** "expirationTtl must be at least 60" (https://developers.cloudflare.com/kv/api/write-key-value-pairs/). */
const MIN_KV_TTL_SECONDS = 60;

/** How far the clocks of two machines may be apart. */
const MAX_CLOCK_SKEW_MS = 60_000;

/**
 * `receivedAt` and `now` are in ms since the epoch. An entry from up to a minute in the future is fresh, since clocks
 * differ; one from further ahead is expired, because its age cannot be known.
 */
export function freshnessOf(receivedAt: number, now: number, cache: Config["cache"]): Freshness {
  if (receivedAt - now > MAX_CLOCK_SKEW_MS) return "expired";
  const age = (now - receivedAt) / 1_000;
  if (age < cache.freshSeconds) return "fresh";
  if (age < cache.freshSeconds + cache.staleSeconds) return "stale";
  return age < cache.freshSeconds + cache.staleSeconds + cache.staleIfErrorSeconds
    ? "stale_if_error"
    : "expired";
}

/** Whole seconds since Stytch answered, never negative: `Age` (RFC 9111 §5.1). */
export function ageSeconds(receivedAt: number, now: number): number {
  return Math.max(0, Math.floor((now - receivedAt) / 1_000));
}

/** The TTL of an entry in KV. It only frees space: whether an entry may be served is decided by `freshnessOf`. */
export function kvTtlSeconds(cache: Config["cache"]): number {
  const servableSeconds = cache.freshSeconds + cache.staleSeconds + cache.staleIfErrorSeconds;
  return Math.max(MIN_KV_TTL_SECONDS, servableSeconds);
}
