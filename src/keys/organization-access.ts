/** Decides which organizations a key may see. Pure. */
import { isCanonicalId } from "../stytch/identifier.ts";
import type { KeyRecord } from "./record.ts";

/** `organizationId`: the canonical ID from a response of Stytch. */
export function canSee(record: KeyRecord, organizationId: string): boolean {
  return (
    record.organization_ids === null || record.organization_ids.some((id) => isSameId(id, organizationId))
  );
}

/**
 * True if the identifier is the canonical ID of an organization that the key may not see. Such a request is refused
 * without a lookup, so an organization outside the key's list costs the same as one that does not exist. A slug or an
 * external ID must be resolved first, and is checked by the response.
 */
export function isExcludedId(record: KeyRecord, identifier: string): boolean {
  return isCanonicalId(identifier) && !canSee(record, identifier);
}

/** The hexadecimal digits of a UUID are case-insensitive (RFC 9562 §4). */
function isSameId(a: string, b: string): boolean {
  return a === b || (isCanonicalId(a) && a.toLowerCase() === b.toLowerCase());
}
