/** The token pools of an isolate, by key ID. */
import { BoundedMap } from "../platform/bounded-map.ts";
import type { Limit } from "./bucket.ts";
import type { TokenResponse } from "./messages.ts";
import { type PendingRequest, type RequestOptions, TokenPool } from "./token-pool.ts";

export type TokenPools = BoundedMap<string, TokenPool>;

/** As many as an isolate has leases. The one whose object responded longest ago goes first. */
const MAX_TOKEN_POOLS = 5_000;

export const createTokenPools = (): TokenPools => new BoundedMap(MAX_TOKEN_POOLS);

export function getTokenPool(pools: TokenPools, keyId: string, limit: Limit, now: number): TokenPool {
  const known = pools.get(keyId);
  if (known !== undefined) return known;
  const pool = new TokenPool(limit, now);
  pools.set(keyId, pool);
  return pool;
}

/** The request for a key, of which the isolate may know nothing yet. */
export function createTokenRequest(
  pool: TokenPool | undefined,
  now: number,
  options: RequestOptions,
): PendingRequest {
  if (pool !== undefined) return pool.createRequest(now, options);
  const { isProbe: _, ...sender } = options;
  return {
    message: { ...sender, prefetch: 0, held: 0, returned: [] },
    requestedAt: now,
    // Nothing was refused yet.
    isProbe: false,
  };
}

/**
 * Applies the object's response; null if the key has no limit, or none any more. `requester` is the pool that made the
 * request, if there was one.
 */
export function applyTokenResponse(
  pools: TokenPools,
  keyId: string,
  requester: TokenPool | undefined,
  request: PendingRequest,
  response: TokenResponse | null,
  now: number,
): void {
  const known = pools.get(keyId);
  // Calls that wait for a pool's tokens must not go on waiting if it was replaced, or if there is no limit any more.
  if (response === null || requester !== known) requester?.requestFailed(request);
  if (response === null) {
    pools.delete(keyId);
    return;
  }
  const pool = known ?? new TokenPool(response.limit, now);
  pools.set(keyId, pool);
  pool.applyResponse(requester === known ? request : withoutPrefetch(request), response, now);
}

/** To a pool that did not make it, a request ends no prefetch and no probe. */
const withoutPrefetch = ({ message, requestedAt }: PendingRequest): PendingRequest => ({
  message: { ...message, prefetch: 0 },
  requestedAt,
  isProbe: false,
});
