/** The one call that an isolate makes to a key's object: it fetches the record and tokens, and reports usage. */
import type { Limit } from "../limits/bucket.ts";
import type { TokenAnswer, TokenSource } from "../limits/take-token.ts";
import { applyTokenResponse, createTokenRequest, type TokenPools } from "../limits/token-pools.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import type { RequestContext } from "../request-context.ts";
import type { KeyState } from "./key-state.ts";
import { KEY_OBJECT_TIMEOUT_MS, type Lease, type LeaseSource } from "./lease.ts";
import type { KeyRecord } from "./record.ts";

/**
 * Who waits for a token: so many authorized calls; a call whose key has yet to be checked, by the generation that it
 * presented; or nobody.
 */
export type TokenClaimant = { readonly calls: number } | { readonly generation: number } | null;

export interface FetchedLease {
  readonly lease: Lease;
  /** Whether the waiting call has its token; null if none waits, or the key has no limit. */
  readonly granted: boolean | null;
  /** How many of the other calls have theirs; null if the object, of an earlier version, was not asked for them. */
  readonly alsoGranted: number | null;
}

/** The longest TTL of a grant, in ms, even if leases last longer: nobody else has these tokens meanwhile. */
const MAX_GRANT_TTL_MS = 5_000;

/**
 * One object call, bounded in time. Stores the record of the response and then applies its tokens, so that a call that
 * waits for one sees the record that came with it. Rejects if the object fails.
 */
export async function fetchLease(
  context: RequestContext,
  keyState: KeyState,
  keyId: string,
  claimant: TokenClaimant,
  store: (record: KeyRecord | null) => Lease,
): Promise<FetchedLease> {
  const requestedAt = Date.now();
  const leaseMs = context.config.leaseSeconds * 1_000;
  const report = keyState.pendingUsage.nextReport(keyId, requestedAt);
  // On Workers there is no randomness before the first request.
  keyState.isolateId ??= crypto.randomUUID();
  const pool = keyState.tokenPools.get(keyId);
  const calls = claimant !== null && "calls" in claimant ? claimant.calls : null;
  const request = createTokenRequest(pool, requestedAt, {
    isolateId: keyState.isolateId,
    ttlMs: Math.min(leaseMs, MAX_GRANT_TTL_MS),
    needsToken: claimant !== null,
    ...(calls === null || calls === 1 ? {} : { alsoWaiting: calls - 1 }),
    isProbe: calls !== null,
  });
  const uncheckedGeneration = claimant !== null && "generation" in claimant ? claimant.generation : null;
  try {
    const { record, tokens, isUsageStored } = await callWithRetry(
      () => context.env.API_KEY.getByName(keyId),
      async (object) => await object.lease(report, request.message, uncheckedGeneration),
      KEY_OBJECT_TIMEOUT_MS,
    ).finally(() => context.state.metrics.keyLease(Date.now() - requestedAt));
    const now = Date.now();
    const lease = store(record);
    if (report !== null) keyState.pendingUsage.acknowledge(keyId, report, now, isUsageStored);
    applyTokenResponse(keyState.tokenPools, keyId, pool, request, tokens, now);
    return { lease, granted: tokens?.granted ?? null, alsoGranted: tokens?.alsoGranted ?? null };
  } catch (error) {
    pool?.requestFailed(request);
    throw error;
  }
}

/** `onAnswer` is called with what the waiting calls have. */
export function createLeaseSource(
  context: RequestContext,
  keyState: KeyState,
  claimant: TokenClaimant,
  onAnswer: (answer: Omit<FetchedLease, "lease">) => void = () => {},
): LeaseSource {
  return {
    fetchLease: async (keyId, isBlocking, store) => {
      const fetched = await fetchLease(context, keyState, keyId, isBlocking ? claimant : null, store);
      if (isBlocking) onAnswer(fetched);
      return fetched.lease;
    },
    now: Date.now,
    waitUntil: context.waitUntil,
  };
}

/** How a call of a limited key reaches the key's object: each request for tokens renews the lease as well. */
export class KeyTokenSource implements TokenSource {
  readonly keyId: string;
  readonly limit: Limit;
  readonly #context: RequestContext;
  readonly #keyState: KeyState;

  constructor(context: RequestContext, keyState: KeyState, keyId: string, limit: Limit) {
    this.keyId = keyId;
    this.limit = limit;
    this.#context = context;
    this.#keyState = keyState;
  }

  get pools(): TokenPools {
    return this.#keyState.tokenPools;
  }

  async fetchTokens(calls: number): Promise<TokenAnswer | null> {
    let answer: TokenAnswer | null = null;
    const source = createLeaseSource(this.#context, this.#keyState, { calls }, ({ granted, alsoGranted }) => {
      answer = granted === null ? null : { granted, alsoGranted };
    });
    await this.#keyState.leases.fetchAndStore(this.keyId, Date.now(), source);
    return answer;
  }

  async refresh(): Promise<void> {
    const source = createLeaseSource(this.#context, this.#keyState, null);
    await this.#keyState.leases.fetchAndStore(this.keyId, Date.now(), source);
  }

  prefetch(): void {
    const source = createLeaseSource(this.#context, this.#keyState, null);
    this.#keyState.leases.renewInBackground(this.keyId, Date.now(), source);
  }

  waitUntil(work: Promise<unknown>): void {
    this.#context.waitUntil(work);
  }

  noteObjectFailed(): void {
    this.#context.log.degraded("key_object");
  }
}
