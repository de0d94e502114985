/** Stytch's webhooks, mounted at `/webhooks` if `STYTCH_WEBHOOK_SECRET` is set. */
import { type Context, Hono } from "hono";
import type { AppEnv } from "../app-env.ts";
import { purgeIdentifiers } from "../cache/purge/purge.ts";
import { RequestError } from "../errors.ts";
import { logRoute } from "../log-route.ts";
import { readBounded } from "../platform/bounded-body.ts";
import { parseJson } from "../platform/bounded-json.ts";
import { hasValidSignature, parseEvent } from "./stytch-event.ts";

export const webhookApp = () => new Hono<AppEnv>().use(logRoute).post("/stytch", receiveStytchEvent);

/** An event holds its organization whole, which may be as large as Postern accepts it from Stytch. */
const MAX_EVENT_BYTES = 1024 * 1024;

/** Answers 204 when the organizations of the event are purged. Svix sends again what was answered with an error. */
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
  const { identifiers, type } = parseEvent(parseJson(bytes), stytch.projectId);
  const [organization_id] = identifiers;
  context.log.webhook(type, organization_id !== undefined);
  if (organization_id !== undefined) {
    const detail = { organization_id, by: "webhook", event: type };
    const failure = await purgeIdentifiers(context, identifiers, detail);
    if (failure !== null) throw new RequestError(failure);
  }
  return new Response(null, { status: 204 });
}
