/**
 * How an isolate comes by the project's public keys, for the callers who ask for them and for the sessions that they
 * verify. The order:
 *
 *   a fresh set in the memory of the isolate → the one object that asks Stytch → if that or Stytch fails, the last good
 *   set, the object's or the isolate's own (stale-if-error)
 *
 * A token may name a key that a fresh set does not have. Then Stytch may have made a new one, so the object is asked for
 * it: once in `KID_PAUSE_MS`, since anybody can make up names of keys. Those who come meanwhile wait for the answer.
 */
import type { Failure } from "../errors.ts";
import { takeCounts } from "../metrics/object-counts.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import { Waiters } from "../platform/waiters.ts";
import type { RequestContext } from "../request-context.ts";
import { failed, type Result, success } from "../result.ts";
import { isRemembered, type JwksFailure, type JwksSet, type JwksState, jwksFreshness } from "./jwks-set.ts";
import { type JwksRead, PUBLIC_KEYS_NAME } from "./public-keys.ts";

/** What the way to the object and back may take beyond the upstream's own deadline, in ms. */
const OBJECT_OVERHEAD_MS = 1_000;

/** How long an isolate does not ask the object again for a key that nobody knows. */
const KID_PAUSE_MS = 10_000;

/** Never rejects. No I/O if the isolate has a fresh set; else one object call. `kid`: the key to look for, or null. */
export async function readPublicKeys(
  context: RequestContext,
  kid: string | null = null,
): Promise<Result<JwksSet>> {
  const { config, state, log } = context;
  const known = state.jwks;
  if (known.set !== undefined) {
    const freshness = jwksFreshness(known.set, Date.now(), config.cache);
    if (freshness === "fresh") return success(known.set);
    if (freshness === "expired") known.set = undefined;
  }
  if (known.failure === undefined || !isRemembered(known.failure, Date.now())) {
    const read = await readFromObject(context, kid);
    log.upstream(read.call, read.failure === undefined ? undefined : read.detail);
    // By the object's clock, this set is fresh.
    if (read.failure === undefined) return success(keepNewest(known, read.set));
    if (read.set !== undefined) keepNewest(known, read.set);
    known.failure = read.failure;
  }
  return hideFailure(context, known.set, known.failure);
}

/** A set that may have the key `kid`, which the `own` set has not; `own` if nobody has another. Never rejects. */
export async function readPublicKeysFor(
  context: RequestContext,
  kid: string,
  own: JwksSet,
): Promise<JwksSet> {
  const known = context.state.jwks;
  const now = Date.now();
  const asked = known.asked;
  if (asked !== undefined && now >= asked.at && now - asked.at < KID_PAUSE_MS) {
    if (asked.waiters !== null) await asked.waiters.wait(objectTimeoutMs(context));
    return known.set ?? own;
  }
  const waiters = new Waiters();
  const asking: NonNullable<JwksState["asked"]> = { at: now, waiters };
  known.asked = asking;
  const read = await readFromObject(context, kid, true);
  context.log.upstream(read.call, read.failure === undefined ? undefined : read.detail);
  if (read.set !== undefined) keepNewest(known, read.set);
  asking.waiters = null;
  waiters.notifyAll();
  return known.set ?? own;
}

/** The answer after a failure: the last good set for as long as it may hide that (stale-if-error), or the failure. */
function hideFailure(
  { config, log }: RequestContext,
  set: JwksSet | undefined,
  { failure, part }: JwksFailure,
): Result<JwksSet, Failure> {
  const isServable = set !== undefined && jwksFreshness(set, Date.now(), config.cache) !== "expired";
  // A failure of Stytch that is not hidden is the answer itself.
  if (isServable || part === "public_keys_object") log.degraded(part);
  return isServable ? success(set) : failed(failure);
}

/**
 * Answers may arrive in any order: a set never replaces one that Stytch sent later. Returns the one that is kept. Of two
 * from the same millisecond, the one that was asked for later may have more keys.
 */
function keepNewest(known: JwksState, set: JwksSet): JwksSet {
  if (known.set === undefined || known.set.receivedAt <= set.receivedAt) known.set = set;
  return known.set;
}

const objectTimeoutMs = ({ config }: RequestContext) => config.stytch.timeoutMs + OBJECT_OVERHEAD_MS;

/** If the object fails, nobody else asks Stytch: without a key, no caller can be held to account for what it costs. */
async function readFromObject(
  context: RequestContext,
  kid: string | null,
  hasSet = false,
): Promise<JwksRead> {
  const { env, config } = context;
  try {
    const read = await callWithRetry(
      () => env.PUBLIC_KEYS.getByName(PUBLIC_KEYS_NAME, { locationHint: config.upstreamRegion }),
      async (object) => await object.read(kid, hasSet),
      objectTimeoutMs(context),
    );
    takeCounts(read, context.state.metrics);
    return read;
  } catch {
    const failure = { type: "upstream_unavailable" } as const;
    return { set: undefined, failure: { at: Date.now(), failure, part: "public_keys_object" }, call: null };
  }
}
