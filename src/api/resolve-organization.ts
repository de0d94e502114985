/**
 * From the identifier in a path to the organization's ID, for what belongs to an organization: so it is cached once,
 * whichever name was asked by, and a caller that is bound to organizations is checked by ID.
 */
import { lookUp } from "../cache/lookup.ts";
import type { Failure } from "../errors.ts";
import type { Access } from "../keys/access.ts";
import { canSee, visibleIdsOf } from "../keys/organization-access.ts";
import type { RequestContext } from "../request-context.ts";
import { failed, type Result, success } from "../result.ts";
import { isCanonicalId, isIdentifier } from "../stytch/identifier.ts";

/**
 * The identifier as an ID that needs no lookup: one of the caller's own, or any in the form of an ID if the caller is
 * not bound. Null if it must be looked up.
 */
export function usableId(access: Access, identifier: string): string | null {
  const isUsable = access.organization_ids === null ? isCanonicalId(identifier) : canSee(access, identifier);
  if (!isUsable) return null;
  // The digits of a UUID have no case (RFC 9562 §4), and the cache has one entry for each organization.
  return isCanonicalId(identifier) ? identifier.toLowerCase() : identifier;
}

/**
 * Fails with `not_found` also if the caller may not see the organization, after the same steps. I/O: none for an ID, or a
 * lookup of the organization.
 */
export async function resolveOrganization(
  context: RequestContext,
  access: Access,
  identifier: string,
): Promise<Result<string, Failure | "not_found">> {
  const id = usableId(access, identifier);
  if (id !== null) return success(id);
  const found = await lookUp(context, identifier, false, null, visibleIdsOf(access, identifier));
  if (found.entry === undefined) {
    if (found.failure === "not_found") context.log.notFound();
    return failed(found.failure);
  }
  const { organizationId } = found.entry;
  // The ID becomes a part of a name in the cache (`resource.ts`), which the next part of that name must not begin in.
  if (!isIdentifier(organizationId)) return failed({ type: "upstream_invalid_response" });
  return canSee(access, organizationId) ? success(organizationId) : failed("not_found");
}
