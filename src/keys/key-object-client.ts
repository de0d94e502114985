/** The one call that an isolate makes to a key's object: it fetches the record and tokens, and reports usage. */
import type { Limit } from "../limits/bucket.ts";
import type { TokenSource } from "../limits/take-token.ts";
import { applyTokenResponse, createTokenRequest, type TokenPools } from "../limits/token-pools.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import type { RequestContext } from "../request-context.ts";
import type { KeyState } from "./key-state.ts";
import { KEY_OBJECT_TIMEOUT_MS, type LeaseSource } from "./lease.ts";
import type { KeyRecord } from "./record.ts";

/**
 * Who waits for a token: an authorized call; a call whose key has yet to be checked, by the generation that it
 * presented; or nobody.
 */
export type TokenClaimant = "admitted" | { readonly generation: number } | null;

export interface FetchedLease {
  readonly record: KeyRecord | null;
  /** Whether the waiting call has its token; null if none waits, or the key has no limit. */
  readonly granted: boolean | null;
}

/** The longest TTL of a grant, in ms, even if leases last longer: nobody else has these tokens meanwhile. */
const MAX_GRANT_TTL_MS = 5_000;

/** One object call, bounded in time. Applies the tokens of the response. Rejects if the object fails. */
export async function fetchLease(
  context: RequestContext,
  keyState: KeyState,
  keyId: string,
  claimant: TokenClaimant,
): Promise<FetchedLease> {
  const requestedAt = Date.now();
  const leaseMs = context.config.leaseSeconds * 1_000;
  const report = keyState.pendingUsage.nextReport(keyId, requestedAt);
  // On Workers there is no randomness before the first request.
  keyState.isolateId ??= crypto.randomUUID();
  const pool = keyState.tokenPools.get(keyId);
  const request = createTokenRequest(pool, requestedAt, {
    isolateId: keyState.isolateId,
    ttlMs: Math.min(leaseMs, MAX_GRANT_TTL_MS),
    needsToken: claimant !== null,
    isProbe: claimant === "admitted",
  });
  const uncheckedGeneration = claimant === null || claimant === "admitted" ? null : claimant.generation;
  try {
    const { record, tokens } = await callWithRetry(
      () => context.env.API_KEY.getByName(keyId),
      async (object) => await object.lease(report, request.message, uncheckedGeneration),
      KEY_OBJECT_TIMEOUT_MS,
    ).finally(() => context.state.metrics.keyLease(Date.now() - requestedAt));
    const now = Date.now();
    if (report !== null) keyState.pendingUsage.acknowledge(keyId, report, now);
    applyTokenResponse(keyState.tokenPools, keyId, pool, request, tokens, now);
    return { record, granted: tokens?.granted ?? null };
  } catch (error) {
    pool?.requestFailed(request);
    throw error;
  }
}

/** `onAnswer` is called with whether the waiting call has its token. */
export function createLeaseSource(
  context: RequestContext,
  keyState: KeyState,
  claimant: TokenClaimant,
  onAnswer: (granted: boolean | null) => void = () => {},
): LeaseSource {
  return {
    fetchLease: async (keyId, isBlocking) => {
      const { record, granted } = await fetchLease(context, keyState, keyId, isBlocking ? claimant : null);
      if (isBlocking) onAnswer(granted);
      return record;
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

  async fetchToken(): Promise<boolean | null> {
    let granted: boolean | null = null;
    const source = createLeaseSource(this.#context, this.#keyState, "admitted", (answer) => {
      granted = answer;
    });
    await this.#keyState.leases.fetchAndStore(this.keyId, Date.now(), source);
    return granted;
  }

  async refresh(): Promise<void> {
    const source = createLeaseSource(this.#context, this.#keyState, null);
    await this.#keyState.leases.fetchAndStore(this.keyId, Date.now(), source);
  }

  prefetch(): void {
    const source = createLeaseSource(this.#context, this.#keyState, null);
    this.#keyState.leases.renewInBackground(this.keyId, Date.now(), source);
  }

  noteObjectFailed(): void {
    this.#context.log.degraded("key_object");
  }
}
