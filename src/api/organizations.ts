/**
 * GET /v1/b2b/organizations/{organization_id}, by ID, slug or external ID. The order of its stages:
 *
 *   authorize request → identifier → scopes → cached lookup → the key's organizations → the key's fields → 200 or 304
 *
 * If the key's object has to be asked, KV is read at the same time. Nothing of what it finds is used before the key is
 * let in. An organization that the key may not see is answered like one that does not exist, and takes the same steps.
 */
import { lookUp, type Prefetch, startPrefetch } from "../cache/lookup.ts";
import type { Failure } from "../errors.ts";
import { checkScopes } from "../keys/authorize.ts";
import { canSee, visibleIdsOf } from "../keys/organization-access.ts";
import type { RequestContext } from "../request-context.ts";
import { isIdentifier } from "../stytch/identifier.ts";
import { authorizeRequest } from "./authorize-request.ts";
import { isRefreshRequested, refreshScopes } from "./forced-refresh.ts";
import { organizationResponse } from "./response.ts";

/** Returns 200, or 304 if the caller has the answer already. */
export async function readOrganization(
  context: RequestContext,
  identifier: string,
): Promise<Response | Failure> {
  const { state } = context;
  const isForced = isRefreshRequested(context.request.headers);
  let prefetch: Prefetch | null = null;
  const caller = await authorizeRequest(context, (known) => {
    if (!isIdentifier(identifier) || isForced) return;
    prefetch = startPrefetch(
      context,
      identifier,
      known === null ? undefined : visibleIdsOf(known, identifier),
    );
  });
  if (!caller.ok) return caller.failure;
  const record = caller.value;

  if (!isIdentifier(identifier)) return { type: "invalid_organization_id" };

  const failure = checkScopes(record, ["organizations:read", ...refreshScopes(isForced)]);
  if (failure !== null) return failure;

  const found = await lookUp(context, identifier, isForced, prefetch, visibleIdsOf(record, identifier));
  if (found.entry === undefined) {
    if (found.failure.type === "organization_not_found") context.log.notFound();
    return found.failure;
  }
  if (!canSee(record, found.entry.organizationId)) return { type: "organization_not_found" };

  const paths = record.fields?.organization ?? null;
  // A key without fields sees the entry as it is.
  const projection =
    paths === null ? found.entry : await state.projections.projectOrganization(found.entry, paths);
  return organizationResponse(context, found, projection, Date.now());
}
