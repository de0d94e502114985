/** A token pool whose object responds by hand. */
import { type Limit, unitsPerToken } from "../../src/limits/bucket.ts";
import type { TokenResponse } from "../../src/limits/messages.ts";
import type { PendingRequest, TokenPool } from "../../src/limits/token-pool.ts";
import {
  applyTokenResponse,
  createTokenPools,
  createTokenRequest,
  type TokenPools,
} from "../../src/limits/token-pools.ts";
import { NOW } from "./clock.ts";

/** The TTL of grants, in ms. */
export const TTL = 5_000;
export const limitOf = (limit: number, period_seconds: number): Limit => ({ limit, period_seconds });
/** Ten tokens a second. */
export const LIMIT = limitOf(600, 60);

export const responseOf = (fields: Partial<TokenResponse> = {}): TokenResponse => ({
  limit: LIMIT,
  granted: null,
  grant: null,
  sequence: 0,
  level: 0,
  msUntilFull: 0,
  isSoleConsumer: true,
  ...fields,
});

export const grant = (id: number, tokens: number) => ({ grant: { id, tokens } });

/** The request of a lease that asks for no tokens. */
export const leaseRequest = (requestedAt: number, ttlMs = TTL): PendingRequest =>
  createTokenRequest(undefined, requestedAt, { isolateId: "a", ttlMs, needsToken: false, isProbe: false });

/** `left`: whole tokens in the bucket. */
type ResponseFields = Partial<TokenResponse> & { readonly left?: number };

export interface PoolSetUp {
  readonly pools: TokenPools;
  /** Applies a response to a request that asked for no tokens, and returns the pool. */
  respond(fields: ResponseFields, requestedAt: number, now?: number): TokenPool;
}

export function setUpPool(limit = LIMIT): PoolSetUp {
  const pools = createTokenPools();
  return {
    pools,
    respond: ({ left = limit.limit, ...fields }, requestedAt, now = requestedAt) => {
      const response = responseOf({ limit, level: left * unitsPerToken(limit), ...fields });
      applyTokenResponse(pools, "key", pools.get("key"), leaseRequest(requestedAt), response, now);
      return pools.get("key") as TokenPool;
    },
  };
}

/** A pool to which the object has responded once, at `NOW`. */
export const poolAfter = (fields: ResponseFields, limit = LIMIT) => setUpPool(limit).respond(fields, NOW);

export const request = (pool: TokenPool, now: number, needsToken = false) =>
  pool.createRequest(now, { isolateId: "a", ttlMs: TTL, needsToken, isProbe: false });

/** Sends the request of an authorized call that waits for its token; the returned function ends it. */
export function probe(pool: TokenPool, now: number): () => void {
  const sent = pool.createRequest(now, { isolateId: "a", ttlMs: TTL, needsToken: true, isProbe: true });
  return () => pool.requestFailed(sent);
}

export function recordCalls(pool: TokenPool, count: number, now: number): void {
  for (let i = 0; i < count; i += 1) pool.recordCall(now);
}

export function takeMany(pool: TokenPool, count: number, now: number): boolean[] {
  return Array.from({ length: count }, () => pool.takeHeld(now));
}
