/** Authentication of a key: MAC → lease → status of the key. A key that is not genuine costs no I/O. */

import { inSpan } from "../platform/span.ts";
import type { RequestContext } from "../request-context.ts";
import { failed, type Result, success } from "../result.ts";
import { checkKey } from "./authorize.ts";
import type { KeyCredential } from "./credential.ts";
import { invalidKey } from "./key-mix-up.ts";
import { createLeaseSource } from "./key-object-client.ts";
import type { KeyRecord } from "./record.ts";

export interface Caller {
  readonly record: KeyRecord;
  /** The generation of the presented key. */
  readonly generation: number;
  /** True if the key's object fails, and `record` is from a lease in its grace time. */
  readonly grace: boolean;
  /**
   * Whether a token was granted together with the lease; null if none was requested, or if the object did not decide.
   */
  readonly granted: boolean | null;
}

/**
 * Never throws. Makes at most one object call, and none if the isolate has a lease of the key. `takesToken`: whether
 * the request needs a token of the key's rate limit, which is then requested together with the lease. `onLeaseMiss` is
 * called when a genuine key has no lease, to start work that an admitted request will need; `known` is the record of an
 * older lease, or null.
 */
export async function authenticate(
  context: RequestContext,
  credential: KeyCredential,
  takesToken: boolean,
  onLeaseMiss?: (known: KeyRecord | null) => void,
): Promise<Result<Caller>> {
  if (credential.kind === "absent") return failed({ type: "missing_key" });
  const { environment } = context.config;
  if (credential.kind === "malformed") return failed(invalidKey("", environment));
  const { keys } = context.state;
  const { verifiedKeys, leases } = keys;
  const key = verifiedKeys.verifyFromCache(credential.key) ?? (await verifiedKeys.verify(credential.key));
  if (key === null) return failed(invalidKey(credential.key, environment));
  context.log.callerKey(key);

  const startedAt = Date.now();
  let now = startedAt;
  let granted: boolean | null = null;
  const claimant = takesToken ? { generation: key.generation } : null;
  const source = createLeaseSource(context, keys, claimant, (answer) => {
    granted = answer.granted;
  });
  let lease = leases.cachedLease(key, now, source);
  if (lease === null) {
    onLeaseMiss?.(leases.latestRecord(key.keyId));
    lease = await inSpan("key", async () => await leases.acquireLease(key, source));
    now = Date.now();
    context.time("key", now - startedAt);
  }
  if (lease === null || lease.grace) context.log.degraded("key_object");
  if (lease === null) return failed({ type: "key_service_unavailable" });
  const { record, grace } = lease;
  const failure = checkKey(record, key.generation, now);
  if (failure !== null) return failed(failure);
  // `checkKey` has refused a key without a record; this narrows the type.
  if (record === null) return failed({ type: "invalid_key" });
  return success({ record, generation: key.generation, grace, granted });
}
