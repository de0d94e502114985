/** Stytch's webhooks, mounted at `/webhooks` if `STYTCH_WEBHOOK_SECRET` is set. */
import { type Context, Hono } from "hono";
import type { AppEnv } from "../app-env.ts";
import { purgeIdentifiers } from "../cache/purge/purge.ts";
import { RequestError } from "../errors.ts";
import { logRoute } from "../log-route.ts";
import { readBounded } from "../platform/bounded-body.ts";
import { parseJson } from "../platform/bounded-json.ts";
import { revokeSessions } from "../sessions/revoke-sessions.ts";
import { revocationsIn } from "./session-revocation.ts";
import { hasValidSignature, parseEvent } from "./stytch-event.ts";

export const webhookApp = () => new Hono<AppEnv>().use(logRoute).post("/stytch", receiveStytchEvent);

/** An event holds its organization whole, which may be as large as Postern accepts it from Stytch. */
const MAX_EVENT_BYTES = 1024 * 1024;

/** Answers 204 when the organizations of the event are purged and the sessions that it ends are revoked. Svix sends again what was answered with an error. */
async function receiveStytchEvent(c: Context<AppEnv>): Promise<Response> {
  const context = c.env;
  const { webhookSecrets, stytch } = context.config;
  const bytes = await readBounded(MAX_EVENT_BYTES, context.request.body);
  if (bytes === undefined) {
    const message = `the body must have at most ${MAX_EVENT_BYTES} bytes`;
    throw new RequestError({ type: "invalid_request", message });
  }
  const text = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(bytes);
  if (!hasValidSignature(context.request.headers, text, webhookSecrets)) {
    throw new RequestError({ type: "invalid_signature" });
  }
  const json = parseJson(bytes);
  const { identifiers, type } = parseEvent(json, stytch.projectId);
  const [organization_id] = identifiers;
  const revocations = revocationsIn(json, stytch.projectId, Date.now());
  context.log.webhook(type, organization_id !== undefined, revocations.length > 0);
  const origin = { by: "webhook", event: type };
  const outcomes = await Promise.all([
    ...revocations.map((order) =>
      revokeSessions(context, order, { detail: { [`${order.kind}_id`]: order.id, ...origin } }),
    ),
    organization_id === undefined
      ? null
      : purgeIdentifiers(context, identifiers, { detail: { organization_id, ...origin } }),
  ]);
  const failure = outcomes.find((outcome) => outcome !== null);
  if (failure) throw new RequestError(failure);
  return new Response(null, { status: 204 });
}
