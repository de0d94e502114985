/**
 * The reads of members. They are never cached. The order of the stages:
 *
 *   authorize request → identifiers, query → scopes → the organization of the path → Stytch → the key's organizations
 *   → the key's fields
 */
import type { Failure } from "../errors.ts";
import { checkScopes } from "../keys/authorize.ts";
import { canSee } from "../keys/organization-access.ts";
import type { RequestContext } from "../request-context.ts";
import type { Result } from "../result.ts";
import { authorizeRequest } from "./authorize-request.ts";
import { isRefreshRequested, refreshScopes } from "./forced-refresh.ts";
import type { MemberRequest } from "./member-requests.ts";
import type { OperationRoute } from "./operations.ts";
import { projectMember } from "./projection-cache.ts";
import { resolveOrganization } from "./resolve-organization.ts";
import { memberResponse } from "./response.ts";

export interface MemberOperation extends OperationRoute {
  /** Parses the parameter of the path, and the query. */
  readonly requestOf: (identifier: string, query: URLSearchParams) => Result<MemberRequest>;
}

export async function readMember(
  { scope, requestOf }: MemberOperation,
  context: RequestContext,
  identifier: string,
): Promise<Response | Failure> {
  const caller = await authorizeRequest(context);
  if (!caller.ok) return caller.failure;
  const record = caller.value;

  const request = requestOf(identifier, new URL(context.request.url).searchParams);
  if (!request.ok) return request.failure;
  const { organization, scopes, read } = request.value;
  const isForced = isRefreshRequested(context.request.headers);
  const failure = checkScopes(record, [scope, ...refreshScopes(isForced), ...scopes]);
  if (failure !== null) return failure;

  // Stytch finds an organization by any name. A bound key must not learn by that which organizations exist. Stytch is
  // asked by the name in the path all the same: whose it is may be known here from a while ago.
  if (organization !== null && record.organization_ids !== null) {
    const resolved = await resolveOrganization(context, record, organization);
    if (!resolved.ok)
      return resolved.failure === "not_found" ? { type: "member_not_found" } : resolved.failure;
  }
  const startedAt = Date.now();
  const { result, detail, call } = await context.state.stytch.fetch(read);
  context.time("upstream", Date.now() - startedAt);
  context.log.upstream(call, detail);
  if (!result.ok) {
    return result.failure === "not_found" ? { type: "member_not_found" } : result.failure;
  }
  const { bytes, json } = result.value;
  const isVisible = [json.member, json.organization].every((part) => canSee(record, part.organization_id));
  if (!isVisible) return { type: "member_not_found" };
  return memberResponse(context, projectMember(bytes, record.fields));
}
