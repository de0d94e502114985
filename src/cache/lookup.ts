/**
 * Where an organization comes from, the nearest first: memory of the isolate, KV, the organization's object, and Stytch itself
 * where that object fails. The entries know nothing of keys; whoever asks must have been let in before. What a purge has ended is
 * nowhere there, whatever holds it.
 */

import { getDirectory } from "../directory/directory-client.ts";
import type { Failure } from "../errors.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import type { RequestContext } from "../request-context.ts";
import { type Entry, hasIdentifier, identifiersOf } from "./entry.ts";
import { freshnessOf } from "./freshness.ts";
import { type KvRead, readKvEntry } from "./kv.ts";
import { addTombstone, getEntry, isAliasContested, isTombstoned, type Memory } from "./memory.ts";
import { readFromObject } from "./object-client.ts";
import { isTransientFailure, type Origin, type ReadRequest, type ReadResult } from "./object-messages.ts";
import {
  DIRECTORY_TIMEOUT_MS,
  ensureSynced,
  latestPurgeOf,
  type PurgeList,
  survivesPurges,
} from "./purge/purge-list.ts";
import { type CacheState, revalidateInBackground, storeEntry } from "./revalidate.ts";

/** How an answer came about. */
type AnswerSource =
  /** From memory, of the isolate or of the organization's object. */
  | "memory"
  | "kv"
  /** This caller's upstream request. */
  | "fetched"
  /** The upstream request of another caller, which this one waited for. */
  | "collapsed"
  /** An upstream request that the caller asked for, past the cache. */
  | "requested"
  /** One that another caller asked for at the same time. */
  | "requested_collapsed";

export interface FoundEntry {
  readonly entry: Entry;
  readonly source: AnswerSource;
  /** Whether it is found by the name that was asked for; one that it does not bear itself is asked of Stytch each time. */
  readonly isStored: boolean;
}

type LookupResult =
  | (FoundEntry & { readonly failure?: never })
  | { readonly entry?: never; readonly failure: Failure };

/** What was begun before the caller was let in. */
export interface Prefetch {
  readonly purgesSynced: Promise<void> | null;
  readonly kvRead: Promise<KvRead>;
}

/** Begins the I/O of a lookup in an isolate that has nothing of it in memory. */
export function startPrefetch(
  context: RequestContext,
  { memory, purges }: CacheState,
  identifier: string,
): Prefetch | null {
  if (getEntry(memory, identifier, Date.now(), context.config.cache.memorySeconds) !== null) return null;
  return { purgesSynced: syncPurges(context, purges), kvRead: readFromKv(context, memory, identifier) };
}

/**
 * Never throws. Costs as the budget of the design says: nothing from memory, one or two reads from KV, one object call on a miss. A
 * stale entry is answered at once and refreshed behind the answer; an older one hides an upstream that fails. `forced`: past the cache.
 */
export async function lookUp(
  context: RequestContext,
  cache: CacheState,
  identifier: string,
  forced: boolean,
  ahead: Prefetch | null,
): Promise<LookupResult> {
  const { memory, purges } = cache;
  const began = Date.now();
  const listing = ahead === null ? syncPurges(context, purges) : ahead.purgesSynced;
  if (forced) {
    // So that the request can be said to come after every purge there was.
    if (listing !== null) await listing;
    const minPurgeEpoch = latestPurgeOf(purges, [identifier]);
    return await readUntilUnpurged(context, cache, identifier, null, {
      kind: "forced",
      newestRequestedAt: null,
      hasSeenEntry: false,
      minPurgeEpoch,
    });
  }

  context.time("cache", 0);
  const near = getEntry(memory, identifier, began, context.config.cache.memorySeconds);
  if (near !== null) {
    if (listing !== null) await listing;
    if (survivesPurges(purges, near) && canServe(context, cache, identifier, near))
      return { entry: near, source: "memory", isStored: true };
  }

  const [stored] = await Promise.all([ahead?.kvRead ?? readFromKv(context, memory, identifier), listing]);
  // KV may have taken so long that the list is too old by now.
  await syncPurges(context, purges);
  const now = Date.now();
  context.time("cache", now - began);
  if (stored.kind === "failed") context.log.degraded("kv_read");
  const kept = bestCached(context, cache, identifier, stored, now);
  if (kept?.isConfirmed && canServe(context, cache, identifier, kept.entry))
    return { ...kept, isStored: true };
  return await readUntilUnpurged(context, cache, identifier, kept, {
    kind: "answer",
    newestRequestedAt: kept?.entry.requestedAt ?? null,
    hasSeenEntry: kept !== null || stored.kind === "entry",
    minPurgeEpoch: latestPurgeOf(purges, [identifier]),
  });
}

async function readFromKv(
  { env, config }: RequestContext,
  memory: Memory,
  identifier: string,
): Promise<KvRead> {
  const shelf = { kv: env.ORGANIZATIONS, projectId: config.stytch.projectId };
  return await readKvEntry(
    shelf,
    identifier,
    getEntry(memory, identifier, Date.now(), Number.POSITIVE_INFINITY),
  );
}

interface CachedCandidate {
  readonly entry: Entry;
  readonly source: "memory" | "kv";
  /** KV has shown it, or could not be asked: it may be answered while it is young enough. Otherwise it only hides a failure. */
  readonly isConfirmed: boolean;
}

/** The best of what there is after KV was asked. */
function bestCached(
  context: RequestContext,
  { memory, purges }: CacheState,
  identifier: string,
  stored: KvRead,
  now: number,
): CachedCandidate | null {
  const isUsable = (entry: Entry) =>
    freshnessOf(entry.receivedAt, now, context.config.cache) !== "expired" && survivesPurges(purges, entry);
  if (
    stored.kind === "entry" &&
    isUsable(stored.entry) &&
    !isTombstoned(memory, identifier, stored.entry) &&
    !isAliasContested(memory, identifier, stored.entry)
  ) {
    const entry = storeEntry({ memory, purges }, stored.entry, identifier, now);
    // What stands may be newer than what KV has, and have been renamed.
    return hasIdentifier(entry, identifier) ? { entry, source: "kv", isConfirmed: true } : null;
  }
  const entry = getEntry(memory, identifier, now, Number.POSITIVE_INFINITY);
  if (entry === null || !isUsable(entry)) return null;
  return { entry, source: "memory", isConfirmed: stored.kind === "failed" };
}

/** Whether an entry is answered from as it is; a stale one is refreshed behind the answer. */
function canServe(context: RequestContext, cache: CacheState, identifier: string, entry: Entry): boolean {
  switch (freshnessOf(entry.receivedAt, Date.now(), context.config.cache)) {
    case "fresh":
      return true;
    case "stale":
      revalidateInBackground(context, cache, identifier, entry);
      return true;
    case "stale_if_error":
    case "expired":
      return false;
  }
}

type Wanted = Omit<ReadRequest, "latestSeen">;

/** How often a read is made anew because a purge has come while it was made. Each takes a purge of its own. */
const MAX_READS = 3;

/** `kept`: an entry that is not answered while Stytch works. */
async function readUntilUnpurged(
  context: RequestContext,
  cache: CacheState,
  identifier: string,
  kept: CachedCandidate | null,
  wanted: Wanted,
): Promise<LookupResult> {
  const { memory, purges } = cache;
  const began = Date.now();
  let want = wanted;
  let answer: ReadResult = { failure: { type: "upstream_unavailable" }, call: null };
  for (let reads = 0; reads < MAX_READS; reads += 1) {
    answer = await readFromObject(context, identifier, { ...want, latestSeen: purges.latestSeen });
    context.log.upstream(answer.call);
    // It may have taken long.
    await syncPurges(context, purges);
    if (answer.entry === undefined) {
      const minPurgeEpoch = latestPurgeOf(purges, [identifier]);
      // A 404 from before a purge says nothing of what is there now.
      if (answer.failure !== "absent" || minPurgeEpoch <= want.minPurgeEpoch) break;
      want = { ...want, minPurgeEpoch };
      continue;
    }
    purges.latestSeen = Math.max(purges.latestSeen, answer.entry.purgeEpoch);
    if (survivesPurges(purges, answer.entry)) break;
    want = { ...want, minPurgeEpoch: latestPurgeOf(purges, identifiersOf(answer.entry)) };
    answer = { failure: { type: "upstream_unavailable" }, call: answer.call };
  }
  const now = Date.now();
  context.time("upstream", now - began);
  if (answer.entry !== undefined) {
    const standing = storeEntry(cache, answer.entry, identifier, now);
    const isForced = want.kind === "forced";
    // Who forces a read gets what Stytch said to it, though by the clock of another machine something else is newer.
    const entry = !isForced && hasIdentifier(standing, identifier) ? standing : answer.entry;
    return { entry, source: sourceOf(answer.origin, isForced), isStored: hasIdentifier(entry, identifier) };
  }
  if (answer.detail !== undefined) context.log.upstream(null, answer.detail);
  if (isTransientFailure(answer.failure)) {
    const older =
      kept ?? (answer.cached === undefined ? null : { entry: answer.cached, source: "memory" as const });
    const isUsable =
      older !== null && freshnessOf(older.entry.receivedAt, now, context.config.cache) !== "expired";
    if (isUsable && want.kind !== "forced" && survivesPurges(purges, older.entry)) {
      context.log.degraded("upstream");
      return { ...older, isStored: true };
    }
  } else addTombstone(memory, identifier, began);
  return { failure: answer.failure === "absent" ? { type: "organization_not_found" } : answer.failure };
}

function sourceOf(how: Origin, refresh: boolean): AnswerSource {
  if (refresh) return how === "collapsed" ? "requested_collapsed" : "requested";
  return how === "held" ? "memory" : how;
}

/** Null where the list of purges may be used as it is; else resolves when it may. */
function syncPurges(context: RequestContext, purges: PurgeList): Promise<void> | null {
  const renewed = ensureSynced(purges, context.config, {
    fetchUpdates: async (after) =>
      await callWithRetry(
        () => getDirectory(context.env),
        async (directory) => await directory.purgesSince(after),
        DIRECTORY_TIMEOUT_MS,
      ),
    now: Date.now,
    wait: async (ms) => await scheduler.wait(ms),
    waitUntil: context.waitUntil,
  });
  return (
    renewed?.then((isListed) => {
      if (!isListed) context.log.degraded("directory");
    }) ?? null
  );
}
