/**
 * GET /v1/b2b/organizations/members/dangerously_get/{member_id}?include_deleted=. Never cached: a stale member is a
 * security problem, and an ID alone does not say to which organization it belongs. The order of its stages:
 *
 *   authorize request → identifier → include_deleted → scopes → Stytch → the key's organizations → the key's fields
 */
import type { Failure } from "../errors.ts";
import { checkScopes } from "../keys/authorize.ts";
import { canSee } from "../keys/organization-access.ts";
import type { Scope } from "../keys/record.ts";
import type { RequestContext } from "../request-context.ts";
import { isIdentifier } from "../stytch/identifier.ts";
import { authorizeRequest } from "./authorize-request.ts";
import { isRefreshRequested, refreshScopes } from "./forced-refresh.ts";
import { projectMember } from "./projection-cache.ts";
import { memberResponse } from "./response.ts";

export async function readMember(context: RequestContext, memberId: string): Promise<Response | Failure> {
  const caller = await authorizeRequest(context);
  if (!caller.ok) return caller.failure;
  const record = caller.value;

  if (!isIdentifier(memberId)) return { type: "invalid_member_id" };
  const includeDeleted = parseIncludeDeleted(new URL(context.request.url).searchParams);
  if (includeDeleted === null) return { type: "invalid_query_parameter", parameter: "include_deleted" };

  const needed: Scope[] = [
    "members:dangerously_get",
    ...refreshScopes(isRefreshRequested(context.request.headers)),
  ];
  if (includeDeleted) needed.push("members:include_deleted");
  const failure = checkScopes(record, needed);
  if (failure !== null) return failure;

  const startedAt = Date.now();
  const { result, detail, call } = await context.state.stytch.fetchMember(memberId, includeDeleted);
  context.time("upstream", Date.now() - startedAt);
  context.log.upstream(call, detail);
  if (!result.ok) {
    return result.failure === "not_found" ? { type: "member_not_found" } : result.failure;
  }
  const { bytes, json } = result.value;
  const { member, organization } = json;
  const isVisible = [member, organization].every((part) => canSee(record, part.organization_id));
  if (!isVisible) return { type: "member_not_found" };
  return memberResponse(context, projectMember(bytes, record.fields));
}

/** Accepts what the official SDKs send. A repeated parameter has to agree with itself. Null if it is anything else. */
function parseIncludeDeleted(query: URLSearchParams): boolean | null {
  const given = query.getAll("include_deleted").map((value) => {
    if (["true", "True", "1"].includes(value)) return true;
    return ["false", "False", "0"].includes(value) ? false : null;
  });
  const [first = false] = given;
  return given.every((value) => value === first) ? first : null;
}
