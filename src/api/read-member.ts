/**
 * The reads of members. They are never cached. The order of the stages:
 *
 *   authorize request → identifiers, query → scopes → the organization of the path → Stytch → the caller's organizations
 *   and member → the caller's fields
 */
import type { Failure } from "../errors.ts";
import type { Access } from "../keys/access.ts";
import { checkScopes } from "../keys/authorize.ts";
import { canSee, canSeeMember } from "../keys/organization-access.ts";
import { inSpan } from "../platform/span.ts";
import type { RequestContext } from "../request-context.ts";
import type { Result } from "../result.ts";
import type { MemberEnvelope } from "../stytch/schemas/member-schema.ts";
import { authorizeRequest } from "./authorize-request.ts";
import { isRefreshRequested, refreshScopes } from "./forced-refresh.ts";
import { hasAskedAddress, type MemberRequest, ownMemberRead } from "./member-requests.ts";
import type { OperationRoute } from "./operations.ts";
import { projectMember } from "./projection-cache.ts";
import { resolveOrganization } from "./resolve-organization.ts";
import { memberResponse } from "./response.ts";

export interface MemberOperation extends OperationRoute {
  /** Parses the parameter of the path, and the query. */
  readonly requestOf: (identifier: string, query: URLSearchParams) => Result<MemberRequest>;
}

export async function readMember(
  { operation, scope, requestOf }: MemberOperation,
  context: RequestContext,
  identifier: string,
): Promise<Response | Failure> {
  const caller = await authorizeRequest(context);
  if (!caller.ok) return caller.failure;
  const access = caller.value;

  const request = requestOf(identifier, new URL(context.request.url).searchParams);
  if (!request.ok) return request.failure;
  const { organization, scopes } = request.value;
  const isForced = isRefreshRequested(context.request.headers);
  const failure = checkScopes(access, [scope, ...refreshScopes(isForced), ...scopes]);
  if (failure !== null) return failure;

  // Stytch finds an organization by any name. A bound caller must not learn by that which organizations exist. Stytch is
  // asked by the name in the path all the same: whose it is may be known here from a while ago.
  if (organization !== null && access.organization_ids !== null) {
    const resolved = await resolveOrganization(context, access, organization);
    if (!resolved.ok)
      return resolved.failure === "not_found" ? { type: "member_not_found" } : resolved.failure;
  }
  const own = access.member_id;
  const read = own === undefined ? request.value.read : ownMemberRead(request.value, own);
  if (read === null) return { type: "member_not_found" };
  context.log.lookup(operation, "bypass");
  const startedAt = Date.now();
  const { result, detail, call } = await inSpan(
    "upstream",
    async () => await context.state.stytch.fetch(read),
  );
  context.time("upstream", Date.now() - startedAt);
  context.log.upstream(call, detail);
  if (!result.ok) {
    return result.failure === "not_found" ? { type: "member_not_found" } : result.failure;
  }
  const { bytes, json } = result.value;
  if (!isVisible(access, json)) return { type: "member_not_found" };
  if (own !== undefined && !hasAskedAddress(request.value, json)) return { type: "member_not_found" };
  return memberResponse(context, projectMember(bytes, access.fields));
}

function isVisible(access: Access, { member, member_id: envelopeId, organization }: MemberEnvelope): boolean {
  return (
    canSee(access, member.organization_id) &&
    canSee(access, organization.organization_id) &&
    canSeeMember(access, member.member_id) &&
    canSeeMember(access, envelopeId ?? member.member_id)
  );
}
