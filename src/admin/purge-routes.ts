/** The admin API of the cache, and Stytch's webhooks: what ends entries before their time. */

import * as z from "zod";
import { purgeIdentifiers } from "../cache/purge/purge.ts";
import type { Failure } from "../errors.ts";
import type { IsolateState } from "../isolate-state.ts";
import { containsKey } from "../keys/key-format.ts";
import { readBounded } from "../platform/bounded-body.ts";
import { parseJson } from "../platform/bounded-json.ts";
import type { RequestContext } from "../request-context.ts";
import { IDENTIFIER_RULE, isIdentifier } from "../stytch/identifier.ts";
import { hasValidSignature, parseEvent } from "../webhooks/stytch-event.ts";
import { invalidRequest, MAX_ADMIN_BODY_BYTES, readBody } from "./request.ts";

const PurgeBody = z.strictObject({
  organization_id: z
    .string("must be a string")
    .refine(isIdentifier, IDENTIFIER_RULE)
    // The audit will show it.
    .refine((text) => !containsKey(text), "must be an organization's ID, slug or external ID, not a key"),
});

/** 200 with what was purged, in force everywhere within `LEASE_SECONDS`; an organization that is not cached is purged as well. */
export async function purgeOrganization(
  context: RequestContext,
  isolate: IsolateState,
): Promise<Response | Failure> {
  const body = await readBody(context, PurgeBody);
  if (body.failure !== undefined) return body.failure;
  const { organization_id } = body.value;
  const detail = { organization_id, by: "admin" };
  const failure = await purgeIdentifiers(context, isolate.purges, [organization_id], detail);
  return failure ?? Response.json({ purged: organization_id });
}

/** 204 once the organization that a genuine event is about is purged; Svix sends again what was answered with an error. */
export async function receiveWebhook(
  context: RequestContext,
  isolate: IsolateState,
): Promise<Response | Failure> {
  const bytes = await readBounded(MAX_ADMIN_BODY_BYTES, context.request.body);
  if (bytes === undefined) return invalidRequest(`the body must have at most ${MAX_ADMIN_BODY_BYTES} bytes`);
  const { webhookSecrets, stytch } = context.config;
  const text = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(bytes);
  if (!hasValidSignature(context.request.headers, text, webhookSecrets)) return { type: "invalid_signature" };
  const { identifiers, type } = parseEvent(parseJson(bytes), stytch.projectId);
  const [organization_id] = identifiers;
  context.entry.webhook = { event: type, purges: organization_id !== undefined };
  if (organization_id !== undefined) {
    const detail = { organization_id, by: "webhook", event: type };
    const failure = await purgeIdentifiers(context, isolate.purges, identifiers, detail);
    if (failure !== null) return failure;
  }
  return new Response(null, { status: 204 });
}
