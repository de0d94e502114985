/** The admin API that moves keys to another deployment: the whole record of a key, read there and taken in here. */
import { RequestError } from "../errors.ts";
import type { TakenInRecord } from "../keys/key-answers.ts";
import { checkOrganizationIds } from "../keys/policy-checks.ts";
import { toPublicRecord } from "../keys/record.ts";
import { checkProject, toWholeRecord, WholeRecord } from "../keys/whole-record.ts";
import { type AdminContext, projectId } from "./admin-context.ts";
import { callIdempotent } from "./object-calls.ts";
import { invalidRequest, MAX_ADMIN_BODY_BYTES, readBody } from "./request.ts";

/** A record may have grown by edits, each of which has a body of its own. */
const MAX_RECORD_BYTES = 2 * MAX_ADMIN_BODY_BYTES;

/** Answers 200 with all that is stored of the key's record, as the key's own object has it. */
export async function showWholeRecord(c: AdminContext): Promise<Response> {
  const record = await callIdempotent(
    c.env.log,
    "key_object",
    () => c.env.env.API_KEY.getByName(c.var.keyId),
    async (key) => await key.record(projectId(c)),
  );
  if (record === null) throw new RequestError({ type: "key_not_found" });
  return Response.json(toWholeRecord(record, projectId(c)));
}

/**
 * Answers 200 with what was done (see `ImportOutcome`) and the record as it is now. Taking in the same record again
 * changes nothing, so the call may be repeated.
 */
export async function takeInRecord(c: AdminContext): Promise<Response> {
  const { config, env, log, request } = c.env;
  const given = await readBody(request, WholeRecord, undefined, MAX_RECORD_BYTES);
  const problem =
    (given.key_id === c.var.keyId ? null : "key_id: must be the one in the path") ??
    checkProject(given, config) ??
    checkOrganizationIds(given, config.environment);
  if (problem !== null) throw new RequestError(invalidRequest(problem));
  // Cloudflare never moves an object: its first call decides its region.
  const placement = given.region === null ? {} : { locationHint: given.region };
  const taken = await callIdempotent(
    log,
    "key_object",
    () => env.API_KEY.getByName(given.key_id, placement),
    async (key) => await key.takeIn(projectId(c), given, c.var.actor),
  );
  if (taken === null) throw new RequestError({ type: "key_not_found" });
  const record = toPublicRecord(taken.record, Date.now());
  return Response.json({ outcome: taken.outcome, record } satisfies TakenInRecord);
}
