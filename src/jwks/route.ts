/**
 * GET /v1/b2b/sessions/jwks/{project_id}: the public keys that the Go and Java SDKs fetch as they start. From the memory of the isolate,
 * or from the one object that asks Stytch for them.
 */

import { parseIdentifier } from "../api/identifier-parameter.ts";
import { jsonResponse } from "../api/response.ts";
import type { Failure } from "../errors.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import { noteDegraded, type RequestContext } from "../request-context.ts";
import { isCurrent, JWKS_FRESH_MS, type JwksRead, PUBLIC_KEYS_NAME } from "./public-keys.ts";

/** Beyond the upstream's own deadline, in ms: the way to the object and back. */
const JWKS_OBJECT_OVERHEAD_MS = 1_000;

export interface JwksCache {
  last?: JwksRead;
}

export async function readJwks(
  context: RequestContext,
  memory: JwksCache,
  segment: string,
): Promise<Response | Failure> {
  if (parseIdentifier(segment) !== context.config.stytch.projectId) return { type: "route_not_found" };
  const last = await readCached(context, memory);
  if (last.failure !== undefined) return last.failure;
  const left = Math.max(0, Math.floor((last.at + JWKS_FRESH_MS - Date.now()) / 1_000));
  return jsonResponse(last.body, { "Cache-Control": `public, max-age=${left}` });
}

async function readCached(context: RequestContext, memory: JwksCache): Promise<JwksRead> {
  if (memory.last !== undefined && isCurrent(memory.last, Date.now())) return memory.last;
  const read = await readJwksFromObject(context);
  context.entry.upstream = read.call;
  if (read.failure !== undefined && read.detail !== undefined) context.entry.upstream_detail = read.detail;
  // A failure that comes late does not take the place of what another request was told meanwhile.
  const { last } = memory;
  if (
    read.failure !== undefined &&
    last?.failure === undefined &&
    last !== undefined &&
    isCurrent(last, Date.now())
  ) {
    return last;
  }
  memory.last = read;
  return read;
}

/** Where the object fails nobody else asks: without a key there is nobody to hold to account for what it costs. */
async function readJwksFromObject(context: RequestContext): Promise<JwksRead> {
  const { env, config } = context;
  try {
    return await callWithRetry(
      () => env.PUBLIC_KEYS.getByName(PUBLIC_KEYS_NAME, { locationHint: config.upstreamRegion }),
      async (object) => await object.read(),
      config.stytch.timeoutMs + JWKS_OBJECT_OVERHEAD_MS,
    );
  } catch {
    noteDegraded(context, "public_keys_object");
    return { at: Date.now(), call: null, failure: { type: "upstream_unavailable" } };
  }
}
