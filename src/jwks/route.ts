/**
 * GET /v1/b2b/sessions/jwks/{project_id}: the public keys that the Go and Java SDKs fetch as they start. No key is
 * needed. The order:
 *
 *   a fresh set in the memory of the isolate → the one object that asks Stytch → if that or Stytch fails, the last good
 *   set, the object's or the isolate's own (stale-if-error)
 */
import type { Failure } from "../errors.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import type { RequestContext } from "../request-context.ts";
import {
  isRemembered,
  type JwksFailure,
  type JwksSet,
  type JwksState,
  jwksFreshness,
  jwksMaxAge,
} from "./jwks-set.ts";
import { type JwksRead, PUBLIC_KEYS_NAME } from "./public-keys.ts";

/** What the way to the object and back may take beyond the upstream's own deadline, in ms. */
const OBJECT_OVERHEAD_MS = 1_000;

export async function readJwks(context: RequestContext, projectId: string): Promise<Response | Failure> {
  const { config, state, log } = context;
  if (projectId !== config.stytch.projectId) return { type: "route_not_found" };
  const known = state.jwks;
  if (known.set !== undefined) {
    const freshness = jwksFreshness(known.set, Date.now(), config.cache);
    if (freshness === "fresh") return toResponse(known.set);
    if (freshness === "expired") known.set = undefined;
  }
  if (known.failure === undefined || !isRemembered(known.failure, Date.now())) {
    const read = await readFromObject(context);
    log.upstream(read.call, read.failure === undefined ? undefined : read.detail);
    // By the object's clock, this set is fresh.
    if (read.failure === undefined) return toResponse(keepNewest(known, read.set));
    if (read.set !== undefined) keepNewest(known, read.set);
    known.failure = read.failure;
  }
  return hideFailure(context, known.set, known.failure);
}

/** The answer after a failure: the last good set for as long as it may hide that (stale-if-error), or the failure. */
function hideFailure(
  { config, log }: RequestContext,
  set: JwksSet | undefined,
  { failure, part }: JwksFailure,
): Response | Failure {
  const isServable = set !== undefined && jwksFreshness(set, Date.now(), config.cache) !== "expired";
  // A failure of Stytch that is not hidden is the answer itself.
  if (isServable || part === "public_keys_object") log.degraded(part);
  return isServable ? toResponse(set) : failure;
}

/** Answers may arrive in any order: a set never replaces one that Stytch sent later. Returns the one that is kept. */
function keepNewest(known: JwksState, set: JwksSet): JwksSet {
  if (known.set === undefined || known.set.receivedAt < set.receivedAt) known.set = set;
  return known.set;
}

function toResponse(set: JwksSet): Response {
  return new Response(set.body, {
    headers: {
      "Content-Type": "application/json",
      "Cache-Control": `public, max-age=${jwksMaxAge(set, Date.now())}`,
    },
  });
}

/** If the object fails, nobody else asks Stytch: without a key, no caller can be held to account for what it costs. */
async function readFromObject({ env, config }: RequestContext): Promise<JwksRead> {
  try {
    return await callWithRetry(
      () => env.PUBLIC_KEYS.getByName(PUBLIC_KEYS_NAME, { locationHint: config.upstreamRegion }),
      async (object) => await object.read(),
      config.stytch.timeoutMs + OBJECT_OVERHEAD_MS,
    );
  } catch {
    const failure = { type: "upstream_unavailable" } as const;
    return { set: undefined, failure: { at: Date.now(), failure, part: "public_keys_object" }, call: null };
  }
}
