/**
 * Who calls: credential → proof (arithmetic) → lease → is the key usable. A key that does not prove itself costs no I/O.
 */

import type { Failure } from "../errors.ts";
import type { RequestContext } from "../request-context.ts";
import { checkKey } from "./authorize.ts";
import { readCredential } from "./credential.ts";
import { verifyFromCache, verifyKey } from "./key-format.ts";
import { createLeaseSource } from "./key-object-client.ts";
import type { KeyState } from "./key-state.ts";
import { acquireLease, cachedLease, type LeaseResult } from "./lease.ts";
import type { KeyRecord } from "./record.ts";

export interface Caller {
  readonly record: KeyRecord;
  /** Of the key that it presented. */
  readonly generation: number;
  /** The key's object fails, and this is what it said last. */
  readonly grace: boolean;
  /** Whether a token was granted along with the lease; null where the object was not asked for one, or did not decide. */
  readonly granted: boolean | null;
}

export type AuthenticationResult =
  | { readonly caller: Caller; readonly failure?: never }
  | { readonly caller?: never; readonly failure: Failure };

/**
 * Never throws. At most one object call, and none under a held lease. `takesToken`: whether the call is one that does. `meanwhile`: called where a
 * genuine key's object is asked, to begin what will be needed if the key is let in.
 */
export async function authenticate(
  context: RequestContext,
  memory: KeyState,
  takesToken: boolean,
  onLeaseMiss?: () => void,
): Promise<AuthenticationResult> {
  const credential = readCredential(context.request.headers.get("Authorization"));
  if (credential.kind === "absent") return { failure: { type: "missing_key" } };
  if (credential.kind === "malformed") return { failure: { type: "invalid_key" } };
  const { verifiedMacs } = memory;
  const proved =
    verifyFromCache(verifiedMacs, credential.key) ??
    (await verifyKey(context.config, verifiedMacs, credential.key));
  if (proved === null) return { failure: { type: "invalid_key" } };
  context.log.key(proved.keyId);

  const began = Date.now();
  let granted: boolean | null = null;
  const waiting = takesToken ? { generation: proved.generation } : null;
  const asking = createLeaseSource(context, memory, waiting, (answer) => {
    granted = answer;
  });
  let leased: LeaseResult | null = cachedLease(memory.leases, proved, context.config, asking);
  if (leased === null) {
    onLeaseMiss?.();
    leased = await acquireLease(memory.leases, proved, context.config, asking);
  }
  const now = Date.now();
  context.time("key", now - began);
  if (leased.kind === "unavailable" || leased.grace) context.log.degraded("key_object");
  if (leased.kind === "unavailable") return { failure: { type: "key_service_unavailable" } };
  const { record, grace } = leased;
  const failure = checkKey(record, proved.generation, now);
  if (failure !== null) return { failure };
  // A key without a record has been refused.
  if (record === null) return { failure: { type: "invalid_key" } };
  return { caller: { record, generation: proved.generation, grace, granted } };
}
