/** Decides whether a genuine key may do what it asks. Pure. */
import type { Failure } from "../errors.ts";
import { isAllowedIp, normalizeClientIp } from "../platform/ip.ts";
import type { Access } from "./access.ts";
import { type KeyRecord, type Scope, statusOf } from "./record.ts";

/**
 * Returns why the key cannot be used at all, or null. A genuine key was never issued if it has no record, or if its
 * generation is yet to come; a key whose generation has ended by rotation counts as revoked. `now`: ms since the epoch.
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
  const previous = record.previous.find((candidate) => candidate.generation === generation);
  return previous !== undefined && now < Date.parse(previous.valid_until);
}

/** Trusts `CF-Connecting-IP` alone: Cloudflare sets it and overwrites what the caller sent. */
export function checkAddress(record: KeyRecord, headers: Headers): Failure | null {
  if (record.allowed_ips === null) return null;
  const address = headers.get("CF-Connecting-IP");
  if (isAllowedIp(record.allowed_ips, address)) return null;
  return { type: "ip_not_allowed", address: normalizeClientIp(address) };
}

/** Returns a failure that names the first missing scope, or null if the caller has all of them. */
export function checkScopes({ scopes }: Access, required: readonly Scope[]): Failure | null {
  const missing = required.find((scope) => !scopes.includes(scope));
  return missing === undefined ? null : { type: "insufficient_scope", scope: missing };
}
