/**
 * The one question that an isolate asks a key's object: for its record and for tokens. What has been counted of the key
 * goes along.
 */

import {
  addWaiter,
  applyResponse,
  createRequest,
  requestEnded,
  requestFailed,
} from "../limits/token-pool.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import type { RequestContext } from "../request-context.ts";
import type { KeyState } from "./key-state.ts";
import { KEY_OBJECT_TIMEOUT_MS, type LeaseSource } from "./lease.ts";
import type { KeyRecord } from "./record.ts";

/** Who waits for a token: a call that is let in, one whose key and address have not been looked at, or nobody. */
export type TokenClaimant = "admitted" | { readonly generation: number } | null;

export interface FetchedLease {
  readonly record: KeyRecord | null;
  /** Whether the call that waits has its token; null where that was not decided. */
  readonly granted: boolean | null;
}

/** The longest that a grant lasts, in ms, also where leases last longer: nobody else has these tokens meanwhile. */
const MAX_GRANT_TTL_MS = 5_000;

/** One object call, bounded in time. Rejects where the object fails. */
export async function fetchLease(
  context: RequestContext,
  memory: KeyState,
  keyId: string,
  waiting: TokenClaimant,
): Promise<FetchedLease> {
  const askedAt = Date.now();
  const leaseMs = context.config.leaseSeconds * 1_000;
  const ttlMs = Math.min(leaseMs, MAX_GRANT_TTL_MS);
  const report = memory.pendingUsage.nextReport(keyId, askedAt);
  // On Workers there is no randomness before the first request.
  memory.isolateId ??= crypto.randomUUID();
  const allowance = memory.tokenPools.get(keyId);
  const ask = createRequest(
    allowance,
    { isolateId: memory.isolateId, ttlMs, needsToken: waiting !== null },
    askedAt,
  );
  const unchecked = waiting === null || waiting === "admitted" ? null : waiting.generation;
  // Whoever has not been let in keeps nobody waiting.
  const waits = waiting === "admitted";
  if (allowance !== undefined && waits) addWaiter(allowance, askedAt);
  try {
    const { record, tokens } = await callWithRetry(
      () => context.env.API_KEY.getByName(keyId),
      async (object) => await object.lease(report, ask, unchecked),
      KEY_OBJECT_TIMEOUT_MS,
    );
    const now = Date.now();
    if (report !== null) memory.pendingUsage.acknowledge(keyId, report, now);
    applyResponse(memory.tokenPools, keyId, tokens, ttlMs, askedAt, now);
    return { record, granted: tokens?.granted ?? null };
  } catch (error) {
    if (allowance !== undefined) requestFailed(allowance);
    throw error;
  } finally {
    if (allowance !== undefined) requestEnded(allowance, ask, askedAt, waits);
  }
}

/** `onAnswer`: told whether the call that waits has its token. */
export function createLeaseSource(
  context: RequestContext,
  memory: KeyState,
  waiting: TokenClaimant,
  onAnswer: (granted: boolean | null) => void = () => {},
): LeaseSource {
  return {
    fetchLease: async (keyId, inFront) => {
      const { record, granted } = await fetchLease(context, memory, keyId, inFront ? waiting : null);
      if (inFront) onAnswer(granted);
      return record;
    },
    now: Date.now,
    waitUntil: context.waitUntil,
  };
}
