/** The admin API of the cache, and Stytch's webhooks: what ends entries before their time. */
import * as z from "zod";
import { purgeNames } from "../cache/purge/purge.ts";
import { type Failure, IDENTIFIER_RULE } from "../errors.ts";
import type { Isolate } from "../isolate-state.ts";
import { holdsKey } from "../keys/key-format.ts";
import { parseJson, readAtMost } from "../platform/timeout.ts";
import type { Call } from "../request-context.ts";
import { isIdentifier } from "../stytch/identifier.ts";
import { concernOf, isGenuine } from "../webhooks/stytch-event.ts";
import { invalid, MOST_BODY_BYTES, readBody } from "./request.ts";

const PurgeBody = z.strictObject({
  organization_id: z
    .string("must be a string")
    .refine(isIdentifier, IDENTIFIER_RULE)
    // The audit will show it.
    .refine((text) => !holdsKey(text), "must be an organization's ID, slug or external ID, not a key"),
});

/** 200 with what was purged, in force everywhere within `LEASE_SECONDS`; an organization that is not cached is purged as well. */
export async function purgeOrganization(call: Call, isolate: Isolate): Promise<Response | Failure> {
  const body = await readBody(call, PurgeBody);
  if (body.failure !== undefined) return body.failure;
  const { organization_id } = body.value;
  const detail = { organization_id, by: "admin" };
  const failure = await purgeNames(call, isolate.purges, [organization_id], detail);
  return failure ?? Response.json({ purged: organization_id });
}

/** 204 once the organization that a genuine event is about is purged; Svix sends again what was answered with an error. */
export async function receiveWebhook(call: Call, isolate: Isolate): Promise<Response | Failure> {
  const bytes = await readAtMost(MOST_BODY_BYTES, call.request.body);
  if (bytes === undefined) return invalid(`the body must have at most ${MOST_BODY_BYTES} bytes`);
  const { webhookSecrets, stytch } = call.config;
  const text = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(bytes);
  if (!isGenuine(call.request.headers, text, webhookSecrets)) return { type: "invalid_signature" };
  const { names, event } = concernOf(parseJson(bytes), stytch.projectId);
  const [organization_id] = names;
  call.line.webhook = { event, purges: organization_id !== undefined };
  if (organization_id !== undefined) {
    const detail = { organization_id, by: "webhook", event };
    const failure = await purgeNames(call, isolate.purges, names, detail);
    if (failure !== null) return failure;
  }
  return new Response(null, { status: 204 });
}
