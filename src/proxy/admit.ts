/** What both operations begin with: who calls, from where, whether its limit has a call left, and that it called. */
import type { Call } from "../call.ts";
import type { Failure } from "../errors.ts";
import type { Isolate } from "../isolate.ts";
import { askForLease, authenticate } from "../keys/authenticate.ts";
import { refusalOfAddress } from "../keys/authorize.ts";
import type { KeyRecord } from "../keys/record.ts";
import { lookAtTokens, takeToken } from "../keys/token.ts";
import { countCall, overdueKey, type Unreported } from "../keys/usage.ts";

export type Admitted =
  | { readonly record: KeyRecord; readonly failure?: never }
  | { readonly failure: Failure };

/**
 * Every authenticated call takes a token and is counted, whatever its outcome; but from elsewhere than the key may be used, so that who stole
 * it cannot use up its limit. Never throws. `meanwhile`: as `authenticate` has it.
 */
export async function admit(call: Call, isolate: Isolate, meanwhile?: () => void): Promise<Admitted> {
  const caller = await authenticate(call, isolate.leases, isolate.unreported, meanwhile);
  if (caller.failure !== undefined) return caller;
  const { record, grace } = caller;
  const elsewhere = refusalOfAddress(record, call.request.headers);
  if (elsewhere !== null) {
    call.quota = await lookAtTokens(call, isolate.told, record, grace);
    return { failure: elsewhere };
  }
  const token = await takeToken(call, isolate.told, record, grace);
  call.quota = token?.quota ?? null;
  count(call, isolate.unreported, record.key_id, token?.granted ?? true);
  if (token === null || token.granted) return { record };
  return { failure: { type: "too_many_requests", retryAfterSeconds: token.quota.nextSeconds } };
}

/** Behind the answer goes what another key's traffic left here when it moved elsewhere. */
function count(call: Call, unreported: Unreported, keyId: string, admitted: boolean): void {
  const now = Date.now();
  countCall(unreported, keyId, now, admitted);
  const overdue = overdueKey(unreported, now, call.config.leaseSeconds * 1_000);
  // Where it fails, it is overdue again.
  if (overdue !== null) call.waitUntil(askForLease(call.env, overdue, unreported).catch(() => {}));
}
