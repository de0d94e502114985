/** Stale-while-revalidate (RFC 5861 §3): the refresh of a stale entry in the background, after it was served. */
import { BackgroundLog } from "../request-log.ts";
import { type CacheContext, storeInMemory } from "./cache-context.ts";
import type { Entry } from "./entry.ts";
import { readOrganizationObject } from "./object-client.ts";
import { isTransientFailure, type ReadRequest } from "./object-messages.ts";
import { purgeNamesOf } from "./resource.ts";

/** An isolate starts one refresh of an organization in this time. */
const REVALIDATE_INTERVAL_MS = 1_000;

/** Asks the Organization object for a newer entry than the one that was served, and keeps it in memory. */
export function revalidateInBackground(context: CacheContext, identifier: string, entry: Entry): void {
  const { env, config, state } = context;
  const { memory, purges } = state;
  const now = Date.now();
  if (!memory.claimRevalidation(entry.name, now, REVALIDATE_INTERVAL_MS)) return;
  // By then the log entry of the request is written. A failure gets one of its own, once for each call of Stytch.
  const log = new BackgroundLog(context.log.requestId, state.metrics);
  const request: ReadRequest = {
    kind: "refresh",
    newestRequestedAt: entry.requestedAt,
    hasSeenEntry: true,
    minPurgeEpoch: purges.minPurgeEpoch(purgeNamesOf(identifier)),
    latestSeen: purges.latestSeen,
  };
  const refreshed = readOrganizationObject({ env, config, state, log }, identifier, request).then(
    (result) => {
      if (result.entry !== undefined) storeInMemory(state, result.entry, identifier, Date.now());
      else if (!isTransientFailure(result.failure, identifier)) memory.addTombstone(identifier, now);
      const hasFailed = result.entry === undefined && result.failure !== "not_found" && result.call !== null;
      log.upstream(result.call, result.entry === undefined ? result.detail : undefined);
      if (hasFailed) log.degraded("upstream");
      log.write();
    },
  );
  context.waitUntil(refreshed);
}
