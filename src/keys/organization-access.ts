/** Decides which organizations and members a caller may see. Pure. */
import { includesId, isSpellingOf } from "../stytch/identifier.ts";
import type { Access } from "./access.ts";

/** `organizationId`: the canonical ID from a response of Stytch. */
export function canSee(access: Access, organizationId: string): boolean {
  return includesId(access.organization_ids, organizationId);
}

/** `memberId`: from a caller or from a response of Stytch. */
export function canSeeMember({ member_id: own }: Access, memberId: string): boolean {
  return own === undefined || isSpellingOf(own, memberId);
}

/**
 * The organizations that a lookup of `identifier` may show to the caller; null for any. A name that is not one of the
 * caller's own IDs may still be the slug or external ID of its organization, whatever its form. Only Stytch's answer tells.
 */
export function visibleIdsOf(access: Access, identifier: string): readonly string[] | null {
  return canSee(access, identifier) ? null : access.organization_ids;
}
