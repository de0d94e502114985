/** How an isolate reads from an Organization object, and from Stytch itself if the object fails. */

import { takeCounts } from "../metrics/object-counts.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import type { StageLog } from "../request-log.ts";
import type { StytchClient } from "../stytch/client.ts";
import type { CacheContext } from "./cache-context.ts";
import { fetchEntry } from "./fetch-entry.ts";
import { asVisible, type ReadRequest, type ReadResult } from "./object-messages.ts";

/** The way to the object and back, on top of the upstream deadline. */
const ROUND_TRIP_MS = 1_000;

/** What a read needs of the isolate and of the request, or of the work in its background. */
interface ObjectClientContext extends Pick<CacheContext, "env" | "config"> {
  readonly state: Pick<CacheContext["state"], "stytch" | "metrics">;
  readonly log: StageLog;
}

/**
 * Makes one object call, and one upstream call if the object fails. Never rejects; resolves within
 * `UPSTREAM_TIMEOUT_MS` and a second. A forced read may have to wait for an upstream request that began before it, and
 * takes up to twice the deadline.
 */
export async function readOrganizationObject(
  { env, config, state, log }: ObjectClientContext,
  identifier: string,
  request: ReadRequest,
): Promise<ReadResult> {
  const deadlines = request.kind === "forced" ? 2 : 1;
  const startedAt = Date.now();
  try {
    const result = await callWithRetry(
      () => env.ORGANIZATION.getByName(identifier, { locationHint: config.upstreamRegion }),
      async (object) => await object.read(identifier, request),
      deadlines * config.stytch.timeoutMs + ROUND_TRIP_MS,
    );
    takeCounts(result, state.metrics);
    return result;
  } catch {
    log.degraded("organization_object");
    // The object has used up a part of the deadline.
    const leftMs = config.stytch.timeoutMs - (Date.now() - startedAt);
    return leftMs > 0
      ? await fetchDirectly(state.stytch, identifier, request, leftMs)
      : { failure: { type: "upstream_timeout" }, call: null };
  }
}

async function fetchDirectly(
  stytch: StytchClient,
  identifier: string,
  { latestSeen, minPurgeEpoch, visibleIds = null }: ReadRequest,
  timeoutMs: number,
): Promise<ReadResult> {
  const version = { requestedAt: Date.now(), purgeEpoch: Math.max(latestSeen, minPurgeEpoch) };
  const fetched = await fetchEntry(stytch, identifier, version, timeoutMs);
  return asVisible(
    fetched.entry === undefined ? fetched : { ...fetched, origin: "fetched" as const },
    visibleIds,
  );
}
