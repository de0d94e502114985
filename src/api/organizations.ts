/**
 * GET /v1/b2b/organizations/{organization_id}, by ID, slug or external ID. The order of its stages:
 *
 *   admit → identifier → scope → cached lookup → the key's organizations → the key's fields → answer (200, or 304)
 *
 * Where the isolate has to ask for the key's record, it looks into KV side by side with that: what it finds is not looked at before the
 * key is let in. An organization that the key may not see is answered as one that there is not, before any byte of it is looked at.
 */
import { type Ahead, lookAhead, lookUp } from "../cache/lookup.ts";
import type { Failure } from "../errors.ts";
import type { Isolate } from "../isolate-state.ts";
import { refusalOfScope } from "../keys/authorize.ts";
import { isOutside, maySee } from "../keys/organization-access.ts";
import type { Call } from "../request-context.ts";
import { admit } from "./authorize-request.ts";
import { refreshScopes, wantsRefresh } from "./forced-refresh.ts";
import { readIdentifier } from "./identifier-parameter.ts";
import { organizationView } from "./projection-cache.ts";
import { organizationAnswer } from "./response.ts";

export async function readOrganization(
  call: Call,
  isolate: Isolate,
  segment: string,
): Promise<Response | Failure> {
  const identifier = readIdentifier(segment);
  const isForced = wantsRefresh(call.request.headers);
  let ahead = null as Ahead | null;
  const caller = await admit(call, isolate, () => {
    if (identifier !== null && !isForced) ahead = lookAhead(call, isolate, identifier);
  });
  if (caller.failure !== undefined) return caller.failure;

  if (identifier === null) return { type: "invalid_organization_id" };

  const refusal = refusalOfScope(caller.record, ["organizations:read", ...refreshScopes(isForced)]);
  if (refusal !== null) return refusal;

  if (isOutside(caller.record, identifier)) return { type: "organization_not_found" };
  const looked = await lookUp(call, isolate, identifier, isForced, ahead);
  if (looked.entry === undefined) return looked.failure;
  if (!maySee(caller.record, looked.entry.organizationId)) return { type: "organization_not_found" };

  const paths = caller.record.fields?.organization ?? null;
  // An entry is what a key without fields sees.
  const view = paths === null ? looked.entry : await organizationView(isolate.views, looked.entry, paths);
  return organizationAnswer(call, looked, view, Date.now());
}
