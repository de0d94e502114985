/**
 * What a caller is told of its limit: never more than is left, and never too early a time. Pure.
 */

import { type Limit, msUntilToken, refill, tokensIn, unitsPerToken } from "./bucket.ts";
import { available, type TokenPool } from "./token-pool.ts";

export interface Quota {
  readonly limit: Limit;
  /** Whole tokens. */
  readonly remaining: number;
  /** Seconds until the whole quota is there again or, where nothing remains, until there is a token; rounded up. */
  readonly resetSeconds: number;
}

/**
 * What is certainly left: what is in hand, and of the bucket what nobody else takes. `told`: the object has just said what is in it.
 */
export function quotaOf(
  allowance: TokenPool,
  now: number,
  told: boolean,
  held = available(allowance, now),
): Quota {
  const { limit, bucket, wholeAt } = allowance;
  const isKnown = told || now < allowance.aloneUntil;
  const remaining = held + (isKnown ? tokensIn(bucket.level, limit) : 0);
  if (remaining === 0) return refusedQuota(allowance, now);
  // Where others take, they may have taken all, and hold it for a while.
  const ms = isKnown ? Math.max(0, wholeAt - now) : limit.period_seconds * 1_000 + 2 * allowance.lifeMs;
  return { limit, remaining, resetSeconds: Math.ceil(ms / 1_000) };
}

/** What a refused call is told: what may be left belongs to those who came before. */
export function refusedQuota(allowance: TokenPool, now: number): Quota {
  const resetSeconds = Math.ceil(msUntilNextToken(allowance, now) / 1_000);
  return { limit: allowance.limit, remaining: 0, resetSeconds };
}

/** Until there can be another token than those that were told of. */
function msUntilNextToken({ limit, bucket, emptyUntil }: TokenPool, now: number): number {
  return Math.max(
    emptyUntil - now,
    msUntilToken(refill(bucket, limit, now).level % unitsPerToken(limit), limit),
  );
}

/** The policy of each limit, of which an isolate sees the same object for long. */
const policyHeaders = new WeakMap<Limit, string>();

/** draft-ietf-httpapi-ratelimit-headers-11. `t`: until the whole quota is there again or, where there is nothing, until there is a call. */
export function setRateLimit(headers: Headers, { limit, remaining, resetSeconds }: Quota): void {
  let policy = policyHeaders.get(limit);
  if (policy === undefined) {
    policy = `"key";q=${limit.limit};w=${limit.period_seconds}`;
    policyHeaders.set(limit, policy);
  }
  headers.set("RateLimit-Policy", policy);
  headers.set("RateLimit", `"key";r=${remaining};t=${resetSeconds}`);
}
