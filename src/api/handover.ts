/**
 * POST /handover: hands a key over to whoever presents the token of its link first. GET leads to the page, which reads
 * the token from the fragment of the link and asks on a click. A browser sends the fragment nowhere, and keeps it when it
 * follows a redirect.
 */
import { type Context, Hono } from "hono";
import * as z from "zod";
import { callOnce } from "../admin/object-calls.ts";
import { readBody } from "../admin/request.ts";
import type { AppEnv } from "../app-env.ts";
import { checkNotCrossSite } from "../console/fetch-site.ts";
import { RequestError } from "../errors.ts";
import { hashHandoverToken, verifyHandoverToken } from "../keys/handover-token.ts";
import type { HandedOverKey } from "../keys/key-answers.ts";
import { issueKey } from "../keys/key-format.ts";
import { toPublicRecord } from "../keys/record.ts";
import { logRoute } from "../log-route.ts";

/** A static file. It cannot be at `/handover`: Cloudflare answers 405 to a POST of any path that has a file. */
const HANDOVER_PAGE = "/handover/key";

export const handoverApp = () =>
  new Hono<AppEnv>()
    .use(logRoute)
    .get("/", () => new Response(null, { status: 302, headers: { Location: HANDOVER_PAGE } }))
    .post("/", takeKey);

export const HandoverBody = z.strictObject({ token: z.string("must be a string") });

/**
 * Answers 200 with the key and its record, once. A token that was not made here costs no I/O. After a 503 the key may
 * have been handed over to nobody; the audit log tells.
 */
async function takeKey(c: Context<AppEnv>): Promise<Response> {
  const { config, env, log, request } = c.env;
  const crossSite = checkNotCrossSite(request);
  if (crossSite !== null) throw new RequestError(crossSite);
  const { token } = await readBody(request, HandoverBody);
  const keyId = await verifyHandoverToken(config, token);
  if (keyId === null) throw new RequestError({ type: "handover_not_found" });
  log.key(keyId);
  const hash = await hashHandoverToken(token);
  const record = await callOnce(
    log,
    "key_change",
    async () => await env.API_KEY.getByName(keyId).takeHandover(config.stytch.projectId, hash),
  );
  if (record === null) throw new RequestError({ type: "handover_not_found" });
  const key = await issueKey(config, record.key_id, record.generation);
  const body: HandedOverKey = { key, record: toPublicRecord(record, Date.now()) };
  return Response.json(body);
}
