/** What both operations begin with: who calls, from where, whether its limit has a call left, and that it called. */

import type { Failure } from "../errors.ts";
import type { Isolate } from "../isolate-state.ts";
import { authenticate } from "../keys/authenticate.ts";
import { refusalOfAddress, refusalOfKey } from "../keys/authorize.ts";
import { askObject } from "../keys/key-object-client.ts";
import type { KeyMemory } from "../keys/key-state.ts";
import type { KeyRecord } from "../keys/record.ts";
import { countCall, overdueKey } from "../keys/usage.ts";
import { knownQuota, takeToken, tokenAtHand } from "../limits/take-token.ts";
import type { Call } from "../request-context.ts";

export type Admitted =
  | { readonly record: KeyRecord; readonly failure?: never }
  | { readonly failure: Failure };

/**
 * Every authenticated call takes a token and is counted, whatever its outcome; but from elsewhere than the key may be used, so that who stole
 * it cannot use up its limit. Never throws. `meanwhile`: as `authenticate` has it.
 */
export async function admit(call: Call, isolate: Isolate, meanwhile?: () => void): Promise<Admitted> {
  const authenticated = await authenticate(call, isolate.keys, true, meanwhile);
  if (authenticated.failure !== undefined) return { failure: authenticated.failure };
  const { caller } = authenticated;
  const { record, generation } = caller;
  const elsewhere = refusalOfAddress(record, call.request.headers);
  if (elsewhere !== null) {
    call.quota = knownQuota(isolate.keys, caller);
    return { failure: elsewhere };
  }
  const limit = record.rate_limit;
  const token =
    limit === null
      ? null
      : (tokenAtHand(call, isolate.keys, caller, limit) ??
        (await takeToken(call, isolate.keys, caller, limit)));
  call.quota = token?.quota ?? null;
  count(call, isolate.keys, record.key_id, token?.granted ?? true);
  if (token === null || token.granted) {
    // It may have waited, and the key have been taken back meanwhile.
    const latest = isolate.keys.leases.held.get(record.key_id)?.record ?? record;
    const failure = latest === record ? null : refusalOfKey(latest, generation, Date.now());
    return failure === null ? { record } : { failure };
  }
  return { failure: { type: "too_many_requests", of: "key", retryAfterSeconds: token.quota.resetSeconds } };
}

/** A key in steady use has reported by then, with a question for its lease (ask.ts). */
const OVERDUE_LEASES = 1.2;

/** Behind the answer goes what another key's traffic left here when it moved elsewhere. */
function count(call: Call, memory: KeyMemory, keyId: string, admitted: boolean): void {
  const now = Date.now();
  countCall(memory.unreported, keyId, now, admitted);
  const overdue = overdueKey(memory.unreported, now, call.config.leaseSeconds * OVERDUE_LEASES * 1_000);
  // Where it fails, it is overdue again.
  if (overdue !== null) call.waitUntil(askObject(call, memory, overdue, null).catch(() => {}));
}
