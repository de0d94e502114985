/**
 * GET /v1/b2b/organizations/members/dangerously_get/{member_id}?include_deleted=. Never cached: a stale member is a matter of
 * security, and an ID alone says nothing of whose it is. The order of its stages:
 *
 *   admit → identifier → include_deleted → scopes → Stytch → the key's organizations → the key's fields → answer
 */

import type { Failure } from "../errors.ts";
import type { IsolateState } from "../isolate-state.ts";
import { checkScopes } from "../keys/authorize.ts";
import { canSee } from "../keys/organization-access.ts";
import type { Scope } from "../keys/record.ts";
import type { RequestContext } from "../request-context.ts";
import { stytchClientOf } from "../stytch/client-of.ts";
import { authorizeRequest } from "./authorize-request.ts";
import { isRefreshRequested, refreshScopes } from "./forced-refresh.ts";
import { parseIdentifier } from "./identifier-parameter.ts";
import { projectMember } from "./projection-cache.ts";
import { memberResponse } from "./response.ts";

export async function readMember(
  context: RequestContext,
  isolate: IsolateState,
  segment: string,
): Promise<Response | Failure> {
  const caller = await authorizeRequest(context, isolate);
  if (caller.failure !== undefined) return caller.failure;

  const identifier = parseIdentifier(segment);
  if (identifier === null) return { type: "invalid_member_id" };
  const includeDeleted = readIncludeDeleted(new URL(context.request.url).searchParams);
  if (includeDeleted === null) return { type: "invalid_query_parameter", parameter: "include_deleted" };

  const needed: Scope[] = [
    "members:dangerously_get",
    ...refreshScopes(isRefreshRequested(context.request.headers)),
  ];
  if (includeDeleted) needed.push("members:include_deleted");
  const refusal = checkScopes(caller.record, needed);
  if (refusal !== null) return refusal;

  const began = Date.now();
  const { result, detail, call } = await stytchClientOf(context.config).fetchMember(
    identifier,
    includeDeleted,
  );
  context.timings.upstream = Date.now() - began;
  context.entry.upstream = call;
  if (!result.ok) {
    if (detail !== undefined) context.entry.upstream_detail = detail;
    return result.failure === "not_found" ? { type: "member_not_found" } : result.failure;
  }
  const { bytes, json } = result.value;
  const { member, organization } = json;
  const isSeen = [member, organization].every((part) => canSee(caller.record, part.organization_id));
  if (!isSeen) return { type: "member_not_found" };
  return memberResponse(context, projectMember(bytes, caller.record.fields));
}

/** What the official SDKs send, and nothing else; a parameter given twice has to agree with itself. Null: neither. */
function readIncludeDeleted(query: URLSearchParams): boolean | null {
  const given = query.getAll("include_deleted").map((value) => {
    if (["true", "True", "1"].includes(value)) return true;
    return ["false", "False", "0"].includes(value) ? false : null;
  });
  return given.every((value) => value === given[0]) ? (given[0] === undefined ? false : given[0]) : null;
}
