/**
 * GET /v1/b2b/organizations/{organization_id}, by ID, slug or external ID. The order of its stages:
 *
 *   authenticate → identifier → scope → cached lookup → answer (200, or 304)
 */
import { lookUp } from "../cache/lookup.ts";
import type { Call } from "../call.ts";
import type { Failure } from "../errors.ts";
import type { Isolate } from "../isolate.ts";
import { authenticate } from "../keys/authenticate.ts";
import { refusalOfScope } from "../keys/authorize.ts";
import { organizationAnswer } from "./answer.ts";
import { readIdentifier } from "./identifier.ts";

export async function readOrganization(
  call: Call,
  isolate: Isolate,
  segment: string,
): Promise<Response | Failure> {
  const caller = await authenticate(call, isolate.leases);
  if (caller.failure !== undefined) return caller.failure;

  const identifier = readIdentifier(segment);
  if (identifier === null) return { type: "invalid_organization_id" };

  const refusal = refusalOfScope(caller.record, ["organizations:read"]);
  if (refusal !== null) return refusal;

  const looked = await lookUp(call, isolate.memory, identifier);
  if (looked.entry === undefined) return looked.failure;
  return organizationAnswer(call, looked.entry, looked.source, Date.now());
}
