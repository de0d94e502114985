/** What both operations begin with: who calls, from where, whether its limit has a call left, and that it called. */

import type { Failure } from "../errors.ts";
import type { IsolateState } from "../isolate-state.ts";
import { authenticate } from "../keys/authenticate.ts";
import { checkAddress, checkKey } from "../keys/authorize.ts";
import { fetchLease } from "../keys/key-object-client.ts";
import type { KeyState } from "../keys/key-state.ts";
import type { KeyRecord } from "../keys/record.ts";
import { countUsage, stalestKey } from "../keys/usage.ts";
import { knownQuota, requestToken, tryTakeToken } from "../limits/take-token.ts";
import type { RequestContext } from "../request-context.ts";

export type AuthorizedRequest =
  | { readonly record: KeyRecord; readonly failure?: never }
  | { readonly failure: Failure };

/**
 * Every authenticated call takes a token and is counted, whatever its outcome; but from elsewhere than the key may be used, so that who stole
 * it cannot use up its limit. Never throws. `meanwhile`: as `authenticate` has it.
 */
export async function authorizeRequest(
  context: RequestContext,
  isolate: IsolateState,
  meanwhile?: () => void,
): Promise<AuthorizedRequest> {
  const authenticated = await authenticate(context, isolate.keys, true, meanwhile);
  if (authenticated.failure !== undefined) return { failure: authenticated.failure };
  const { caller } = authenticated;
  const { record, generation } = caller;
  const elsewhere = checkAddress(record, context.request.headers);
  if (elsewhere !== null) {
    context.quota = knownQuota(isolate.keys, caller);
    return { failure: elsewhere };
  }
  const limit = record.rate_limit;
  const token =
    limit === null
      ? null
      : (tryTakeToken(context, isolate.keys, caller, limit) ??
        (await requestToken(context, isolate.keys, caller, limit)));
  context.quota = token?.quota ?? null;
  count(context, isolate.keys, record.key_id, token?.granted ?? true);
  if (token === null || token.granted) {
    // It may have waited, and the key have been taken back meanwhile.
    const latest = isolate.keys.leases.entries.get(record.key_id)?.record ?? record;
    const failure = latest === record ? null : checkKey(latest, generation, Date.now());
    return failure === null ? { record } : { failure };
  }
  return {
    failure: { type: "too_many_requests", limited: "key", retryAfterSeconds: token.quota.resetSeconds },
  };
}

/** A key in steady use has reported by then, with a question for its lease (ask.ts). */
const STALE_USAGE_LEASES = 1.2;

/** Behind the answer goes what another key's traffic left here when it moved elsewhere. */
function count(context: RequestContext, memory: KeyState, keyId: string, admitted: boolean): void {
  const now = Date.now();
  countUsage(memory.pendingUsage, keyId, now, admitted);
  const overdue = stalestKey(
    memory.pendingUsage,
    now,
    context.config.leaseSeconds * STALE_USAGE_LEASES * 1_000,
  );
  // Where it fails, it is overdue again.
  if (overdue !== null) context.waitUntil(fetchLease(context, memory, overdue, null).catch(() => {}));
}
