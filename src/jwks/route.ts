/**
 * GET /v1/b2b/sessions/jwks/{project_id}: the public keys that the Go and Java SDKs fetch as they start. They come from
 * the memory of the isolate, or from the one object that asks Stytch for them. No key is needed.
 */
import type { Failure } from "../errors.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import type { RequestContext } from "../request-context.ts";
import { isCurrent, JWKS_FRESH_MS, type JwksRead, PUBLIC_KEYS_NAME } from "./public-keys.ts";

/** What the way to the object and back may take beyond the upstream's own deadline, in ms. */
const OBJECT_OVERHEAD_MS = 1_000;

/** The last answer of the object, in the memory of an isolate. */
export interface JwksCache {
  last?: JwksRead;
}

export async function readJwks(context: RequestContext, projectId: string): Promise<Response | Failure> {
  if (projectId !== context.config.stytch.projectId) return { type: "route_not_found" };
  const read = await readCached(context, context.state.jwks);
  if (read.failure !== undefined) return read.failure;
  const left = Math.max(0, Math.floor((read.at + JWKS_FRESH_MS - Date.now()) / 1_000));
  return new Response(read.body, {
    headers: { "Content-Type": "application/json", "Cache-Control": `public, max-age=${left}` },
  });
}

async function readCached(context: RequestContext, cache: JwksCache): Promise<JwksRead> {
  if (cache.last !== undefined && isCurrent(cache.last, Date.now())) return cache.last;
  const read = await readFromObject(context);
  context.log.upstream(read.call, read.failure === undefined ? undefined : read.detail);
  // A failure that comes late does not replace what another request was answered meanwhile.
  const { last } = cache;
  const isOvertaken = last !== undefined && last.failure === undefined && isCurrent(last, Date.now());
  if (read.failure !== undefined && isOvertaken) return last;
  cache.last = read;
  return read;
}

/** If the object fails, nobody else asks Stytch: without a key, no caller can be held to account for what it costs. */
async function readFromObject({ env, config, log }: RequestContext): Promise<JwksRead> {
  try {
    return await callWithRetry(
      () => env.PUBLIC_KEYS.getByName(PUBLIC_KEYS_NAME, { locationHint: config.upstreamRegion }),
      async (object) => await object.read(),
      config.stytch.timeoutMs + OBJECT_OVERHEAD_MS,
    );
  } catch {
    log.degraded("public_keys_object");
    return { at: Date.now(), call: null, failure: { type: "upstream_unavailable" } };
  }
}
