/** How old an entry may be: arithmetic on when Stytch answered, and nothing else. Pure. */
import type { Config } from "../config.ts";

export type Freshness =
  /** Is answered from. */
  | "fresh"
  /** Is answered from at once, while it is refreshed behind the answer. */
  | "stale"
  /** Stytch is asked, and this hides it where it fails. */
  | "stale_if_error"
  /** Is not answered from. */
  | "expired";

/** KV refuses a shorter life: "expirationTtl must be at least 60" (https://developers.cloudflare.com/kv/api/write-key-value-pairs/). */
const MIN_KV_TTL_SECONDS = 60;

/** By how much the clocks of two machines may differ, in ms. */
const MAX_CLOCK_SKEW_MS = 60_000;

/** `receivedAt` and `now` in ms since the epoch. A clock a little behind the writer's makes nothing older; far behind, nothing is believed. */
export function freshnessOf(receivedAt: number, now: number, cache: Config["cache"]): Freshness {
  if (receivedAt - now > MAX_CLOCK_SKEW_MS) return "expired";
  const age = (now - receivedAt) / 1_000;
  if (age < cache.freshSeconds) return "fresh";
  if (age < cache.freshSeconds + cache.staleSeconds) return "stale";
  return age < cache.freshSeconds + cache.staleSeconds + cache.staleIfErrorSeconds
    ? "stale_if_error"
    : "expired";
}

/** Whole seconds since Stytch answered, never negative. */
export function ageSeconds(receivedAt: number, now: number): number {
  return Math.max(0, Math.floor((now - receivedAt) / 1_000));
}

/** After how many seconds KV may clear an entry up; whether it may be used is never decided by this. */
export function kvTtlSeconds(cache: Config["cache"]): number {
  const useful = cache.freshSeconds + cache.staleSeconds + cache.staleIfErrorSeconds;
  return Math.max(MIN_KV_TTL_SECONDS, useful);
}
