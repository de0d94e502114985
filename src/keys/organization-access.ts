/** Decides which organizations a key may see. Pure. */
import { includesId } from "../stytch/identifier.ts";
import type { KeyRecord } from "./record.ts";

/** `organizationId`: the canonical ID from a response of Stytch. */
export function canSee(record: KeyRecord, organizationId: string): boolean {
  return includesId(record.organization_ids, organizationId);
}

/**
 * The organizations that a lookup of `identifier` may show to the key; null for any. A name that is not one of the key's
 * own IDs may still be the slug or external ID of its organization, whatever its form. Only Stytch's answer tells.
 */
export function visibleIdsOf(record: KeyRecord, identifier: string): readonly string[] | null {
  return canSee(record, identifier) ? null : record.organization_ids;
}
