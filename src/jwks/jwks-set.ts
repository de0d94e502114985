/**
 * The project's public keys (JWKS) as the object and the isolates keep them: the last good set, and beside it the last
 * failure, which never replaces it. Pure.
 *
 *   age of the set   0 ────────── 15 minutes ────────── + CACHE_STALE_IF_ERROR_SECONDS
 *                    │   fresh    │    stale_if_error   │  expired
 *
 * As for an organization, ages count from when Stytch answered, and stale-if-error (RFC 5861 §4) begins when the set is
 * no longer fresh.
 */
import { type Freshness, freshnessOf } from "../cache/freshness.ts";
import type { Config } from "../config.ts";
import type { Failure } from "../errors.ts";
import type { Waiters } from "../platform/waiters.ts";

/** Stytch itself answers `Cache-Control: public, max-age=900`. */
export const JWKS_FRESH_SECONDS = 900;
/** How long a failure is remembered: while Stytch fails, it is asked once in this time. */
const JWKS_NEGATIVE_MS = 1_000;

export interface JwksSet {
  /** When Stytch answered, ms since the epoch. */
  readonly receivedAt: number;
  /** As Stytch sent it. */
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface JwksFailure {
  /** Ms since the epoch. */
  readonly at: number;
  readonly failure: Failure;
  readonly part: "upstream" | "public_keys_object";
}

/** Each may be unknown. */
export interface JwksState {
  set: JwksSet | undefined;
  failure: JwksFailure | undefined;
  /** When the isolate last asked for a key that its set has not, in ms, and who waits for the answer. */
  asked?: { readonly at: number; waiters: Waiters | null };
}

/** Never `stale`: a set that is not fresh is served only if Stytch is asked and fails. */
export function jwksFreshness(set: JwksSet, now: number, cache: Config["cache"]): Freshness {
  return freshnessOf(set.receivedAt, now, { ...cache, freshSeconds: JWKS_FRESH_SECONDS, staleSeconds: 0 });
}

/** True if nobody need be asked again. A failure from the future has the time of another clock, so its age is unknown. */
export function isRemembered({ at }: JwksFailure, now: number): boolean {
  return now >= at && now - at < JWKS_NEGATIVE_MS;
}

/**
 * The `max-age` of a set in seconds: what is left of its freshness. It is never 0, which some clients take for an hour:
 * in its last second, and when it hides a failure, a set has 1.
 */
export function jwksMaxAge({ receivedAt }: JwksSet, now: number): number {
  const left = Math.floor(receivedAt / 1_000 + JWKS_FRESH_SECONDS - now / 1_000);
  return Math.min(JWKS_FRESH_SECONDS, Math.max(1, left));
}
