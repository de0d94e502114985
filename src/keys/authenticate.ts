/**
 * Who calls: credential → proof (arithmetic) → lease → is the key usable. A key that does not prove itself costs no I/O.
 */
import { type Call, noteDegraded } from "../call.ts";
import type { Failure } from "../errors.ts";
import { callObject } from "../object-call.ts";
import { refusalOfKey } from "./authorize.ts";
import { readCredential } from "./credential.ts";
import { proveKey } from "./key-format.ts";
import { holdLease, isLeased, LEASE_WAIT_MS, type Leases } from "./lease.ts";
import type { KeyRecord } from "./record.ts";
import { arrived, reportOf, type Unreported } from "./usage.ts";

export type Authenticated =
  /** `grace`: the key's object fails, and this is what it said last. */
  | { readonly record: KeyRecord; readonly grace: boolean; readonly failure?: never }
  | { readonly failure: Failure };

/**
 * Never throws. At most one object call, and none under a held lease. `meanwhile`: called where a genuine key's object is asked, to begin
 * what will be needed if the key is let in.
 */
export async function authenticate(
  call: Call,
  leases: Leases,
  unreported: Unreported,
  meanwhile?: () => void,
): Promise<Authenticated> {
  const credential = readCredential(call.request.headers.get("Authorization"));
  if (credential.kind === "absent") return { failure: { type: "missing_key" } };
  if (credential.kind === "malformed") return { failure: { type: "invalid_key" } };
  const proved = await proveKey(call.config, credential.key);
  if (proved === null) return { failure: { type: "invalid_key" } };
  call.line.key_id = proved.keyId;

  const began = Date.now();
  if (!isLeased(leases, proved, call.config, began)) meanwhile?.();
  const leased = await holdLease(leases, proved, call.config, {
    ask: async (keyId) => await askForLease(call.env, keyId, unreported),
    now: Date.now,
    waitUntil: call.waitUntil,
  });
  const now = Date.now();
  call.timings.key = now - began;
  if (leased.kind === "unavailable" || leased.grace) noteDegraded(call, "key_object");
  if (leased.kind === "unavailable") return { failure: { type: "key_service_unavailable" } };
  const { record } = leased;
  const failure = refusalOfKey(record, proved.generation, now);
  if (failure !== null) return { failure };
  // A key without a record has been refused.
  return record === null ? { failure: { type: "invalid_key" } } : { record, grace: leased.grace };
}

/** One object call, bounded in time; what was counted goes along. Rejects where the object fails. */
export async function askForLease(
  env: Env,
  keyId: string,
  unreported: Unreported,
): Promise<KeyRecord | null> {
  const report = reportOf(unreported, keyId);
  const { record } = await callObject(
    () => env.API_KEY.getByName(keyId),
    async (object) => await object.lease(report),
    LEASE_WAIT_MS,
  );
  if (report !== null) arrived(unreported, keyId, report, Date.now());
  return record;
}
