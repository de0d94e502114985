/**
 * The cached reads: an organization, what belongs to one, and what belongs to the project. The order of the stages:
 *
 *   authorize request → identifiers → scopes → the organization's ID → cached lookup → the caller's organizations
 *   → the caller's fields → 200 or 304
 *
 * If the key's object has to be asked, KV is read at the same time. Nothing of what it finds is used before the caller is
 * let in. An organization that the caller may not see is answered like one that does not exist, and takes the same steps.
 */
import { lookUp, type Prefetch, startPrefetch } from "../cache/lookup.ts";
import type { Failure } from "../errors.ts";
import type { Access } from "../keys/access.ts";
import { checkScopes } from "../keys/authorize.ts";
import { canSee, visibleIdsOf } from "../keys/organization-access.ts";
import type { RequestContext } from "../request-context.ts";
import { isIdentifier } from "../stytch/identifier.ts";
import { authorizeRequest } from "./authorize-request.ts";
import { isRefreshRequested, refreshScopes } from "./forced-refresh.ts";
import type { OperationRoute } from "./operations.ts";
import { resolveOrganization, usableId } from "./resolve-organization.ts";
import { cachedResponse } from "./response.ts";

/** What an operation reads, by the names of `cache/resource.ts`. */
export type ReadResource =
  /** The organization itself, by any of its names. */
  | { readonly of: "organization" }
  /** What belongs to an organization, by its ID; `appId` is the second parameter of the path, or "". */
  | { readonly of: "part"; readonly nameOf: (organizationId: string, appId: string) => string }
  /** What belongs to the project, and so to no organization: every caller with the scope may read it. */
  | { readonly of: "project"; readonly name: string };

export interface CachedOperation extends OperationRoute {
  /** The answer if Stytch has no such object, or the caller may not see its organization. */
  readonly missing: "organization_not_found" | "connected_app_not_found";
  readonly resource: ReadResource;
}

/** Returns 200, or 304 if the caller has the answer already. `appId` is "" if the path has no second parameter. */
export async function readCached(
  { operation, scope, missing, resource }: CachedOperation,
  context: RequestContext,
  identifier: string,
  appId: string,
): Promise<Response | Failure> {
  const isForced = isRefreshRequested(context.request.headers);
  const invalid = checkIdentifiers(missing, resource, identifier, appId);
  let prefetch: Prefetch | null = null;
  const caller = await authorizeRequest(context, (known) => {
    if (invalid === null && !isForced) prefetch = prefetchFor(context, resource, identifier, appId, known);
  });
  if (!caller.ok) return caller.failure;
  const access = caller.value;

  if (invalid !== null) return invalid;
  const failure = checkScopes(access, [scope, ...refreshScopes(isForced)]);
  if (failure !== null) return failure;

  context.log.lookup(operation, isForced ? "bypass" : "miss");
  let name = identifier;
  let visibleIds: readonly string[] | null = null;
  if (resource.of === "organization") visibleIds = visibleIdsOf(access, identifier);
  else if (resource.of === "project") name = resource.name;
  else {
    const organization = await resolveOrganization(context, access, identifier);
    if (!organization.ok)
      return organization.failure === "not_found" ? { type: missing } : organization.failure;
    name = resource.nameOf(organization.value, appId);
  }

  const found = await lookUp(context, name, isForced, prefetch, visibleIds);
  if (found.entry === undefined) {
    if (found.failure !== "not_found") return found.failure;
    context.log.notFound();
    return { type: missing };
  }
  if (resource.of === "organization" && !canSee(access, found.entry.organizationId)) return { type: missing };

  const paths = resource.of === "organization" ? (access.fields?.organization ?? null) : null;
  // A caller without fields sees the entry as it is.
  const projection =
    paths === null ? found.entry : await context.state.projections.projectOrganization(found.entry, paths);
  return cachedResponse(context, found, projection, Date.now());
}

function checkIdentifiers(
  missing: CachedOperation["missing"],
  { of }: ReadResource,
  identifier: string,
  appId: string,
): Failure | null {
  if (of === "project") return null;
  if (!isIdentifier(identifier)) return { type: "invalid_organization_id" };
  return missing === "connected_app_not_found" && !isIdentifier(appId)
    ? { type: "invalid_connected_app_id" }
    : null;
}

/** `known`: the access of the key as this isolate knew it last, or null. */
function prefetchFor(
  context: RequestContext,
  resource: ReadResource,
  identifier: string,
  appId: string,
  known: Access | null,
): Prefetch | null {
  switch (resource.of) {
    case "organization":
      return startPrefetch(context, identifier, known === null ? undefined : visibleIdsOf(known, identifier));
    case "project":
      return startPrefetch(context, resource.name, null);
    case "part": {
      const id = known === null ? null : usableId(known, identifier);
      return id === null ? null : startPrefetch(context, resource.nameOf(id, appId), null);
    }
  }
}
