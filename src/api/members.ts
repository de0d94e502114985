/**
 * GET /v1/b2b/organizations/members/dangerously_get/{member_id}?include_deleted=. Never cached: a stale member is a matter of
 * security, and an ID alone says nothing of whose it is. The order of its stages:
 *
 *   admit → identifier → include_deleted → scopes → Stytch → the key's organizations → the key's fields → answer
 */

import type { Failure } from "../errors.ts";
import type { Isolate } from "../isolate-state.ts";
import { refusalOfScope } from "../keys/authorize.ts";
import { maySee } from "../keys/organization-access.ts";
import type { Scope } from "../keys/record.ts";
import type { Call } from "../request-context.ts";
import { fetchMember } from "../stytch/client.ts";
import { admit } from "./authorize-request.ts";
import { refreshScopes, wantsRefresh } from "./forced-refresh.ts";
import { readIdentifier } from "./identifier-parameter.ts";
import { memberView } from "./projection-cache.ts";
import { memberAnswer } from "./response.ts";

export async function readMember(call: Call, isolate: Isolate, segment: string): Promise<Response | Failure> {
  const caller = await admit(call, isolate);
  if (caller.failure !== undefined) return caller.failure;

  const identifier = readIdentifier(segment);
  if (identifier === null) return { type: "invalid_member_id" };
  const includeDeleted = readIncludeDeleted(new URL(call.request.url).searchParams);
  if (includeDeleted === null) return { type: "invalid_query_parameter", parameter: "include_deleted" };

  const needed: Scope[] = ["members:dangerously_get", ...refreshScopes(wantsRefresh(call.request.headers))];
  if (includeDeleted) needed.push("members:include_deleted");
  const refusal = refusalOfScope(caller.record, needed);
  if (refusal !== null) return refusal;

  const began = Date.now();
  const fetched = await fetchMember(call.config, identifier, includeDeleted);
  call.timings.upstream = Date.now() - began;
  call.line.upstream = fetched.call;
  if (fetched.failure !== undefined) {
    if (fetched.detail !== undefined) call.line.upstream_detail = fetched.detail;
    return fetched.failure === "absent" ? { type: "member_not_found" } : fetched.failure;
  }
  const { member, organization } = fetched.value;
  const isSeen = [member, organization].every((part) => maySee(caller.record, part.organization_id));
  if (!isSeen) return { type: "member_not_found" };
  return memberAnswer(call, memberView(fetched.body, caller.record.fields));
}

/** What the official SDKs send, and nothing else; a parameter given twice has to agree with itself. Null: neither. */
function readIncludeDeleted(query: URLSearchParams): boolean | null {
  const given = query.getAll("include_deleted").map((value) => {
    if (["true", "True", "1"].includes(value)) return true;
    return ["false", "False", "0"].includes(value) ? false : null;
  });
  return given.every((value) => value === given[0]) ? (given[0] === undefined ? false : given[0]) : null;
}
