/** Whether a genuine key may do what it asks. Pure. */
import type { Failure } from "../errors.ts";
import { type KeyRecord, type Scope, statusOf } from "./record.ts";

/** Why the key cannot be used at all, or null. A key that proves itself but has no record was never issued. */
export function refusalOfKey(record: KeyRecord | null, now: number): Failure | null {
  if (record === null) return { type: "invalid_key" };
  switch (statusOf(record, now)) {
    case "active":
      return null;
    case "expired":
      return { type: "expired_key" };
    case "revoked":
      return { type: "revoked_key" };
  }
}

/** Names the first scope that the key lacks, or null where it has them all. */
export function refusalOfScope(record: KeyRecord, needed: readonly Scope[]): Failure | null {
  const lacking = needed.find((scope) => !record.scopes.includes(scope));
  return lacking === undefined ? null : { type: "insufficient_scope", scope: lacking };
}
