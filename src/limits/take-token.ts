/**
 * A call's token: from what the isolate holds or, where it holds none, from the key's object. What each case costs: `allowance.ts`.
 * While the object cannot be reached, the isolate counts by itself.
 */

import type { Caller } from "../keys/authenticate.ts";
import { createLeaseSource } from "../keys/key-object-client.ts";
import type { KeyState } from "../keys/key-state.ts";
import type { RequestContext } from "../request-context.ts";
import type { Limit } from "./bucket.ts";
import { type Quota, quotaOf, refusedQuota } from "./rate-limit-headers.ts";
import {
  available,
  countCall,
  createTokenPool,
  isKnownEmpty,
  isPrefetchPending,
  pollIntervalMs,
  reservePrefetched,
  shouldPrefetch,
  storePool,
  type TokenPool,
  takeHeld,
  takeLocally,
} from "./token-pool.ts";

export interface TokenDecision {
  readonly granted: boolean;
  readonly quota: Quota;
}

/** The token of a call that nobody needs to be asked for: granted with the lease, in hand, or known not to be there. Null where that is not so. */
export function tryTakeToken(
  context: RequestContext,
  memory: KeyState,
  caller: Caller,
  limit: Limit,
): TokenDecision | null {
  const keyId = caller.record.key_id;
  const now = Date.now();
  const allowance = getTokenPool(memory, keyId, limit);
  countCall(allowance, now);
  if (caller.granted === true) return { granted: true, quota: quotaOf(allowance, now, true) };
  if (takeHeld(allowance, now)) return tokenTaken(context, memory, keyId, allowance);
  return caller.granted === false || isKnownEmpty(allowance, now) ? refuseToken(allowance, now) : null;
}

/** Takes a token where none is at hand; null where the limit has been lifted. At most one object call. Never throws. */
export async function requestToken(
  context: RequestContext,
  memory: KeyState,
  { record, grace }: Caller,
  limit: Limit,
): Promise<TokenDecision | null> {
  const keyId = record.key_id;
  const allowance = getTokenPool(memory, keyId, limit);
  if (grace) return takeLocallyOrRefuse(allowance, Date.now());
  if (reservePrefetched(allowance, Date.now())) {
    if (await awaitPrefetch(allowance)) return tokenTaken(context, memory, keyId, allowance);
    if (isKnownEmpty(allowance, Date.now())) return refuseToken(allowance, Date.now());
  }
  return await takeFromKeyObject(context, memory, keyId, limit);
}

/** A token in hand has been spent: more are asked for behind the answer where they run low. In grace none is in hand: none outlasts its lease. */
function tokenTaken(
  context: RequestContext,
  memory: KeyState,
  keyId: string,
  allowance: TokenPool,
): TokenDecision {
  const now = Date.now();
  const held = available(allowance, now);
  const quota = quotaOf(allowance, now, false, held);
  if (shouldPrefetch(allowance, now, held))
    memory.leases.renewInBackground(keyId, now, createLeaseSource(context, memory, null));
  return { granted: true, quota };
}

/** Waits for what another request has asked for, and spends of it. Requests share plain data only, so it is looked at from time to time. */
async function awaitPrefetch(allowance: TokenPool): Promise<boolean> {
  while (isPrefetchPending(allowance, Date.now())) {
    await scheduler.wait(pollIntervalMs(allowance));
    if (takeHeld(allowance, Date.now())) return true;
  }
  return false;
}

/** What is left for the caller as far as this isolate knows; null where the key has no limit. No I/O. */
export function knownQuota(memory: KeyState, { record }: Caller): Quota | null {
  const { key_id: keyId, rate_limit: limit } = record;
  return limit === null ? null : quotaOf(getTokenPool(memory, keyId, limit), Date.now(), false);
}

/** How often an isolate asks what is left without taking of it, in ms: so a flood of that costs the object little. */
const QUOTA_MAX_AGE_MS = 1_000;

/** What is left for the caller by the object's word, or what it was a second ago at most; null where the key has no limit. Never throws. */
export async function fetchQuota(
  context: RequestContext,
  memory: KeyState,
  caller: Caller,
): Promise<Quota | null> {
  const { key_id: keyId, rate_limit: limit } = caller.record;
  if (limit === null || caller.grace) return knownQuota(memory, caller);
  const before = memory.tokenPools.get(keyId);
  const age = before === undefined ? QUOTA_MAX_AGE_MS : Date.now() - before.bucket.at;
  // Where the lease was asked for just now, that is the object's word.
  if (before !== undefined && age >= 0 && age < QUOTA_MAX_AGE_MS)
    return quotaOf(before, Date.now(), age === 0);
  try {
    await memory.leases.fetchAndStore(keyId, Date.now(), createLeaseSource(context, memory, null));
    const allowance = memory.tokenPools.get(keyId);
    // Without one, the limit has been lifted since.
    return allowance === undefined ? null : quotaOf(allowance, Date.now(), true);
  } catch {
    context.log.degraded("key_object");
    return knownQuota(memory, caller);
  }
}

async function takeFromKeyObject(
  context: RequestContext,
  memory: KeyState,
  keyId: string,
  limit: Limit,
): Promise<TokenDecision | null> {
  let granted: boolean | null = null;
  const asking = createLeaseSource(context, memory, "admitted", (answer) => {
    granted = answer;
  });
  try {
    await memory.leases.fetchAndStore(keyId, Date.now(), asking);
  } catch {
    context.log.degraded("key_object");
    return takeLocallyOrRefuse(getTokenPool(memory, keyId, limit), Date.now());
  }
  // The limit has been lifted since.
  if (granted === null) return null;
  const now = Date.now();
  const allowance = getTokenPool(memory, keyId, limit);
  if (granted) return { granted: true, quota: quotaOf(allowance, now, true) };
  // Another call's answer may have brought some.
  if (takeHeld(allowance, now)) return { granted: true, quota: quotaOf(allowance, now, false) };
  return refuseToken(allowance, now);
}

function takeLocallyOrRefuse(allowance: TokenPool, now: number): TokenDecision {
  return takeLocally(allowance, now)
    ? { granted: true, quota: quotaOf(allowance, now, true) }
    : refuseToken(allowance, now);
}

const refuseToken = (allowance: TokenPool, now: number): TokenDecision => ({
  granted: false,
  quota: refusedQuota(allowance, now),
});

function getTokenPool({ tokenPools }: KeyState, keyId: string, limit: Limit): TokenPool {
  const known = tokenPools.get(keyId);
  if (known !== undefined) return known;
  const allowance = createTokenPool(limit, Date.now());
  storePool(tokenPools, keyId, allowance);
  return allowance;
}
