/** Whether a genuine key may do what it asks. Pure. */
import type { Failure } from "../errors.ts";
import { isAllowedIp } from "../platform/ip.ts";
import { type KeyRecord, type Scope, statusOf } from "./record.ts";

/**
 * Why the key cannot be used at all, or null. A key that proves itself but has no record, or is of a generation that never was, was
 * never issued; one of a generation that rotation has ended is as good as revoked. `now`: ms since the epoch.
 */
export function checkKey(record: KeyRecord | null, generation: number, now: number): Failure | null {
  if (record === null || generation > record.generation) return { type: "invalid_key" };
  switch (statusOf(record, now)) {
    case "active":
      return isGenerationValid(record, generation, now) ? null : { type: "revoked_key" };
    case "expired":
      return { type: "expired_key" };
    case "revoked":
      return { type: "revoked_key" };
  }
}

function isGenerationValid(record: KeyRecord, generation: number, now: number): boolean {
  if (generation === record.generation) return true;
  const previous = record.previous.find((one) => one.generation === generation);
  return previous !== undefined && now < Date.parse(previous.valid_until);
}

/** Cloudflare sets `CF-Connecting-IP` itself, whatever the caller sent; no other header is looked at. */
export function checkAddress(record: KeyRecord, headers: Headers): Failure | null {
  if (record.allowed_ips === null) return null;
  return isAllowedIp(record.allowed_ips, headers.get("CF-Connecting-IP")) ? null : { type: "ip_not_allowed" };
}

/** Names the first scope that the key lacks, or null where it has them all. */
export function checkScopes(record: KeyRecord, needed: readonly Scope[]): Failure | null {
  const lacking = needed.find((scope) => !record.scopes.includes(scope));
  return lacking === undefined ? null : { type: "insufficient_scope", scope: lacking };
}
