/** What an isolate keeps of organizations, and how a stale one is refreshed behind an answer. */

import type { RequestContext } from "../request-context.ts";
import { BackgroundLog } from "../request-log.ts";
import type { Entry } from "./entry.ts";
import { addTombstone, deleteEntry, type Memory, setEntry } from "./memory.ts";
import { readFromObject } from "./object-client.ts";
import { isTransientFailure } from "./object-messages.ts";
import { latestPurgeOf, type PurgeList, survivesPurges } from "./purge/purge-list.ts";

/** What an isolate keeps for lookups. */
export interface CacheState {
  readonly memory: Memory;
  readonly purges: PurgeList;
}

/** As `remember`; what a purge has ended does not stand in the way of what came after it. */
export function storeEntry(
  { memory, purges }: CacheState,
  entry: Entry,
  identifier: string,
  now: number,
): Entry {
  const before = memory.entries.get(entry.organizationId)?.entry;
  if (before !== undefined && !survivesPurges(purges, before)) deleteEntry(memory, entry.organizationId);
  return setEntry(memory, entry, identifier, now);
}

/** An isolate asks for a refresh of an organization once in this time at most, in ms. */
const REVALIDATE_INTERVAL_MS = 1_000;
const MAX_TRACKED_REVALIDATIONS = 5_000;

/** Asks the organization's object for a newer entry than `entry`, which has been answered, and keeps what comes. */
export function revalidateInBackground(
  context: RequestContext,
  cache: CacheState,
  identifier: string,
  entry: Entry,
): void {
  const { memory, purges } = cache;
  const now = Date.now();
  const since = memory.revalidatedAt.get(entry.organizationId);
  if (since !== undefined && now >= since && now - since < REVALIDATE_INTERVAL_MS) return;
  if (memory.revalidatedAt.size >= MAX_TRACKED_REVALIDATIONS) memory.revalidatedAt.clear();
  memory.revalidatedAt.set(entry.organizationId, now);
  // The line of the request is written by then; what fails behind it gets one of its own, once for each call of Stytch.
  const log = new BackgroundLog(context.log.requestId);
  const purge = latestPurgeOf(purges, [identifier]);
  const want = {
    kind: "refresh",
    newestRequestedAt: entry.requestedAt,
    hasSeenEntry: true,
    minPurgeEpoch: purge,
    latestSeen: purges.latestSeen,
  } as const;
  context.waitUntil(
    readFromObject({ env: context.env, config: context.config, log }, identifier, want).then((answer) => {
      if (answer.entry !== undefined) {
        storeEntry(cache, answer.entry, identifier, Date.now());
      } else if (!isTransientFailure(answer.failure)) addTombstone(memory, identifier, now);
      const failed = answer.entry === undefined && answer.failure !== "absent" && answer.call !== null;
      log.upstream(answer.call, answer.entry === undefined ? answer.detail : undefined);
      if (failed) log.degraded("upstream");
      log.write();
    }),
  );
}
