/**
 * GET /v1/b2b/organizations/{organization_id}, by ID, slug or external ID. The order of its stages:
 *
 *   admit → identifier → scope → cached lookup → the key's organizations → the key's fields → answer (200, or 304)
 *
 * Where the isolate has to ask for the key's record, it looks into KV side by side with that: what it finds is not looked at before the
 * key is let in. An organization that the key may not see is answered as one that there is not, before any byte of it is looked at.
 */
import { lookUp, type Prefetch, startPrefetch } from "../cache/lookup.ts";
import type { Failure } from "../errors.ts";
import type { IsolateState } from "../isolate-state.ts";
import { checkScopes } from "../keys/authorize.ts";
import { canSee, isExcludedId } from "../keys/organization-access.ts";
import type { RequestContext } from "../request-context.ts";
import { authorizeRequest } from "./authorize-request.ts";
import { isRefreshRequested, refreshScopes } from "./forced-refresh.ts";
import { parseIdentifier } from "./identifier-parameter.ts";
import { projectOrganization } from "./projection-cache.ts";
import { organizationResponse } from "./response.ts";

export async function readOrganization(
  context: RequestContext,
  isolate: IsolateState,
  segment: string,
): Promise<Response | Failure> {
  const identifier = parseIdentifier(segment);
  const isForced = isRefreshRequested(context.request.headers);
  let ahead = null as Prefetch | null;
  const caller = await authorizeRequest(context, isolate, () => {
    if (identifier !== null && !isForced) ahead = startPrefetch(context, isolate, identifier);
  });
  if (caller.failure !== undefined) return caller.failure;

  if (identifier === null) return { type: "invalid_organization_id" };

  const refusal = checkScopes(caller.record, ["organizations:read", ...refreshScopes(isForced)]);
  if (refusal !== null) return refusal;

  if (isExcludedId(caller.record, identifier)) return { type: "organization_not_found" };
  const looked = await lookUp(context, isolate, identifier, isForced, ahead);
  if (looked.entry === undefined) return looked.failure;
  if (!canSee(caller.record, looked.entry.organizationId)) return { type: "organization_not_found" };

  const paths = caller.record.fields?.organization ?? null;
  // An entry is what a key without fields sees.
  const view = paths === null ? looked.entry : await projectOrganization(isolate.views, looked.entry, paths);
  return organizationResponse(context, looked, view, Date.now());
}
