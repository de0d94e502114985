/** The token of one call: from the isolate's pool or, if that has none, from the key's object (token-pool.ts). */
import type { Limit } from "./bucket.ts";
import type { Quota } from "./rate-limit-headers.ts";
import type { TokenPool } from "./token-pool.ts";
import { getTokenPool, type TokenPools } from "./token-pools.ts";
import { TOKEN_TIMEOUT_MS, type TokenQueue, type Turn } from "./token-queue.ts";

/** A limited key, and how to reach its object. */
export interface TokenSource {
  readonly pools: TokenPools;
  readonly keyId: string;
  readonly limit: Limit;
  /**
   * Asks the object for a token for each of so many calls; resolves with null if the limit has been lifted. Rejects if
   * the object fails.
   */
  fetchTokens(calls: number): Promise<TokenAnswer | null>;
  /** Asks the object what is left, and takes nothing. Rejects if the object fails. */
  refresh(): Promise<void>;
  /** Asks for more tokens in the background, once at a time. */
  prefetch(): void;
  /** Lets work go on if the caller of this request leaves. */
  waitUntil(work: Promise<unknown>): void;
  /** Notes in the log that the object failed and the isolate counts by itself. */
  noteObjectFailed(): void;
}

/** What the object says to calls that wait for a token. */
export interface TokenAnswer {
  /** Whether the call that asked has one. */
  readonly granted: boolean;
  /** How many of the others have one; null if the object was not asked for them. */
  readonly alsoGranted: number | null;
}

/** What the lease of a call says about its token. */
export interface LeaseOutcome {
  /** Whether the object granted a token together with the lease; null if it was not asked for one. */
  readonly granted: boolean | null;
  /** Whether the object fails, and the lease is honoured past its end. */
  readonly grace: boolean;
}

export interface TokenDecision {
  readonly granted: boolean;
  readonly quota: Quota;
}

/**
 * Takes a token for a call. Decides at once if that needs no I/O; else waits for a prefetch, for what another call asks
 * the object, or for the object, with at most one object call. Resolves with null if the limit has been lifted. Never throws.
 */
export function takeToken(
  source: TokenSource,
  lease: LeaseOutcome,
): TokenDecision | Promise<TokenDecision | null> {
  const now = Date.now();
  const pool = poolOf(source, now);
  pool.recordCall(now);
  if (lease.granted === true) return { granted: true, quota: pool.quota(now, true) };
  if (lease.granted === false) return pool.takeHeld(now) ? taken(source, pool, now) : refused(pool, now);
  // In grace the object fails, so nothing is asked of it or awaited from it.
  switch (pool.tryTake(now, !lease.grace)) {
    case "taken":
      return taken(source, pool, now);
    case "refused":
      return refused(pool, now);
    case "wait":
      return waitForPrefetch(source, pool);
    case "ask":
      return lease.grace ? takeLocally(pool, now) : askObject(source);
  }
}

/** What is left for the caller, as far as this isolate knows. No I/O. */
export function knownQuota(pools: TokenPools, keyId: string, limit: Limit): Quota {
  const now = Date.now();
  return getTokenPool(pools, keyId, limit, now).quota(now, false);
}

/** How old the object's word on what is left may be, in ms. So a flood of `/whoami` costs the object little. */
const QUOTA_MAX_AGE_MS = 1_000;

/**
 * What is left for the caller, as the object said it within the last second; null if the limit has been lifted. At most
 * one object call. Never throws.
 */
export async function fetchQuota(source: TokenSource): Promise<Quota | null> {
  const { pools, keyId } = source;
  const known = pools.get(keyId);
  const now = Date.now();
  const age = known?.ageMs(now) ?? QUOTA_MAX_AGE_MS;
  // At age 0 the object has just been asked for the lease.
  if (known !== undefined && age >= 0 && age < QUOTA_MAX_AGE_MS) return known.quota(now, age === 0);
  try {
    await source.refresh();
    return pools.get(keyId)?.quota(Date.now(), true) ?? null;
  } catch {
    source.noteObjectFailed();
    return knownQuota(pools, keyId, source.limit);
  }
}

/** A token that the pool held has been taken; if tokens run low, more are requested in the background. */
function taken(source: TokenSource, pool: TokenPool, now: number): TokenDecision {
  const decision = { granted: true, quota: pool.quota(now, false) };
  if (pool.shouldPrefetch(now)) source.prefetch();
  return decision;
}

const refused = (pool: TokenPool, now: number): TokenDecision => ({
  granted: false,
  quota: pool.refusedQuota(now),
});

/** Waits for the tokens that another call has requested. If they do not come in time, this call asks for its own. */
async function waitForPrefetch(source: TokenSource, pool: TokenPool): Promise<TokenDecision | null> {
  await pool.prefetchEnded.wait(pool.prefetchTimeoutMs(Date.now()));
  const now = Date.now();
  const outcome = pool.tryTake(now, false);
  if (outcome === "taken") return taken(source, pool, now);
  return outcome === "refused" ? refused(pool, now) : await askObject(source);
}

/** Waits for the question of another call if there is one, or else asks for all calls that wait. */
async function askObject(source: TokenSource): Promise<TokenDecision | null> {
  const pool = poolOf(source, Date.now());
  switch (await waitForTurn(pool.queue)) {
    case "granted":
      return { granted: true, quota: pool.quota(Date.now(), true) };
    case "refused":
      return takeOrRefuse(pool);
    case "unlimited":
      return null;
    case "failed":
      return takeWithoutObject(source);
    case "ask": {
      const asked = askForAll(source, pool.queue);
      // If the caller of this request leaves, the others are told all the same.
      source.waitUntil(asked);
      return await asked;
    }
  }
}

async function waitForTurn(queue: TokenQueue): Promise<Turn> {
  const { promise, resolve } = Promise.withResolvers<Turn>();
  const leave = queue.join(Date.now(), resolve);
  if (leave === null) return "ask";
  const timer = setTimeout(() => resolve("ask"), TOKEN_TIMEOUT_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    leave();
  }
}

async function askForAll(source: TokenSource, queue: TokenQueue): Promise<TokenDecision | null> {
  const question = queue.begin(Date.now());
  let answer: TokenAnswer | null;
  try {
    answer = await source.fetchTokens(1 + question.others.length);
  } catch {
    queue.end(question, "failed", Date.now());
    return takeWithoutObject(source);
  }
  queue.end(question, answer === null ? "unlimited" : (answer.alsoGranted ?? "ask"), Date.now());
  if (answer === null) return null;
  const pool = poolOf(source, Date.now());
  return answer.granted ? { granted: true, quota: pool.quota(Date.now(), true) } : takeOrRefuse(pool);
}

/** The object has refused the call, but its answer to another one may have brought tokens. */
function takeOrRefuse(pool: TokenPool): TokenDecision {
  const now = Date.now();
  return pool.takeHeld(now) ? { granted: true, quota: pool.quota(now, false) } : refused(pool, now);
}

function takeWithoutObject(source: TokenSource): TokenDecision {
  source.noteObjectFailed();
  const now = Date.now();
  return takeLocally(poolOf(source, now), now);
}

/** While the object fails, the isolate counts by itself. */
const takeLocally = (pool: TokenPool, now: number): TokenDecision =>
  pool.takeLocally(now) ? { granted: true, quota: pool.quota(now, true) } : refused(pool, now);

const poolOf = ({ pools, keyId, limit }: TokenSource, now: number) => getTokenPool(pools, keyId, limit, now);
