/** Which organizations a key sees. Pure. */
import { isCanonicalId } from "../stytch/identifier.ts";
import type { KeyRecord } from "./record.ts";

/** Whether the key may see the organization of this ID, as an answer of Stytch gives it. */
export function canSee(record: KeyRecord, organizationId: string): boolean {
  return (
    record.organization_ids === null || record.organization_ids.some((id) => isSameId(id, organizationId))
  );
}

/**
 * Whether asking can be spared: a canonical ID names itself, and one outside the key's organizations is refused without
 * a look, so that a stranger's organization costs what a missing one does. Slugs and external IDs are known by their answer only.
 */
export function isExcludedId(record: KeyRecord, identifier: string): boolean {
  return isCanonicalId(identifier) && !canSee(record, identifier);
}

/** The digits of a UUID have no case (RFC 9562 §4). */
function isSameId(one: string, other: string): boolean {
  return one === other || (isCanonicalId(one) && one.toLowerCase() === other.toLowerCase());
}
