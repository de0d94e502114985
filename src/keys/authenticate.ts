/**
 * Who calls: credential → proof (arithmetic) → lease → is the key usable. A key that does not prove itself costs no I/O.
 */
import { type Call, noteDegraded } from "../call.ts";
import type { Failure } from "../errors.ts";
import { callObject } from "../object-call.ts";
import { refusalOfKey } from "./authorize.ts";
import { readCredential } from "./credential.ts";
import { proveKey } from "./key-format.ts";
import { holdLease, LEASE_WAIT_MS, type Leases } from "./lease.ts";
import type { KeyRecord } from "./record.ts";

export type Authenticated =
  | { readonly record: KeyRecord; readonly failure?: never }
  | { readonly failure: Failure };

/** Never throws. At most one object call, and none under a held lease. */
export async function authenticate(call: Call, leases: Leases): Promise<Authenticated> {
  const credential = readCredential(call.request.headers.get("Authorization"));
  if (credential.kind === "absent") return { failure: { type: "missing_key" } };
  if (credential.kind === "malformed") return { failure: { type: "invalid_key" } };
  const proved = await proveKey(call.config, credential.key);
  if (proved === null) return { failure: { type: "invalid_key" } };
  call.line.key_id = proved.keyId;

  const began = Date.now();
  const leased = await holdLease(leases, proved.keyId, call.config, {
    ask: async (keyId) =>
      await callObject(
        () => call.env.API_KEY.getByName(keyId),
        async (object) => (await object.lease()).record,
        LEASE_WAIT_MS,
      ),
    now: Date.now,
    waitUntil: call.waitUntil,
  });
  const now = Date.now();
  call.timings.key = now - began;
  if (leased.kind === "unavailable" || leased.grace) noteDegraded(call, "key_object");
  if (leased.kind === "unavailable") return { failure: { type: "key_service_unavailable" } };
  const failure = refusalOfKey(leased.record, now);
  // A record is there wherever the key is not refused.
  return failure !== null || leased.record === null
    ? { failure: failure ?? { type: "invalid_key" } }
    : { record: leased.record };
}
