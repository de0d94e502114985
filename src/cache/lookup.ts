/**
 * Finds an organization by ID, slug or external ID, in the nearest place that has it:
 *
 *   memory of the isolate → KV → Organization object → Stytch itself, if the object fails
 *
 * Entries know nothing of API keys: the caller must have been authorized before. An entry that a purge has ended is not
 * used, wherever it is found. Nor is one that the caller may not see: the lookup goes on as if nothing had been found,
 * so that it takes the same steps as for a name that nobody has.
 */
import { inSpan } from "../platform/span.ts";
import { includesId } from "../stytch/identifier.ts";
import { type CacheContext, storeInMemory, syncPurges } from "./cache-context.ts";
import { type Entry, hasIdentifier } from "./entry.ts";
import { freshnessOf } from "./freshness.ts";
import { KV_TIMEOUT_MS, type KvRead, readKvEntry } from "./kv.ts";
import { lookUpInObject } from "./lookup-object.ts";
import type { CachedCandidate, LookupResult } from "./lookup-result.ts";
import { purgeNamesOf } from "./resource.ts";
import { revalidateInBackground } from "./revalidate.ts";

/** The I/O of a lookup that was started before the caller was authorized. */
export interface Prefetch {
  readonly purgesSynced: Promise<void> | null;
  readonly kvRead: Promise<KvRead>;
  /** The organization that the first value of KV leads to, before its entry is read; null if there is none. */
  readonly organizationId: Promise<string | null>;
}

/**
 * Starts the I/O of a lookup if memory cannot answer it; null if it can. Nothing of what it finds is used before
 * `lookUp`. `visibleIds`: as for `lookUp`, or undefined while nobody knows them: then memory may not answer.
 */
export function startPrefetch(
  context: CacheContext,
  identifier: string,
  visibleIds: readonly string[] | null | undefined,
): Prefetch | null {
  const { config, state } = context;
  const inMemory = state.memory.get(identifier, Date.now(), config.cache.memorySeconds);
  const canSee = (organizationId: string) =>
    visibleIds === undefined || includesId(visibleIds, organizationId);
  if (inMemory !== null && visibleIds !== undefined && canSee(inMemory.organizationId)) return null;
  const purgesSynced = syncPurges(context);
  const first = Promise.withResolvers<string | null>();
  const kvRead = readFromKv(context, identifier, (organizationId) => {
    first.resolve(organizationId);
    return canSee(organizationId);
  }).finally(() => first.resolve(null));
  return { purgesSynced, kvRead, organizationId: first.promise };
}

/**
 * Never rejects. I/O: none for a hit in memory; one read of KV, or two by alias; one object call on a miss. A stale
 * entry is returned at once and refreshed in the background; an older one hides a failing upstream. A forced lookup
 * goes past the caches to Stytch. `visibleIds`: the organizations that the caller may see; null for any.
 */
export async function lookUp(
  context: CacheContext,
  identifier: string,
  isForced: boolean,
  prefetch: Prefetch | null,
  visibleIds: readonly string[] | null,
): Promise<LookupResult> {
  const { config, state } = context;
  const { memory, purges } = state;
  const startedAt = Date.now();
  const synced = prefetch === null ? syncPurges(context) : prefetch.purgesSynced;
  if (isForced) {
    // The upstream request has to come after every purge so far.
    if (synced !== null) await synced;
    return await lookUpInObject(context, identifier, null, {
      kind: "forced",
      newestRequestedAt: null,
      hasSeenEntry: false,
      minPurgeEpoch: purges.minPurgeEpoch(purgeNamesOf(identifier)),
      visibleIds,
    });
  }

  context.time("cache", 0);
  const inMemory = memory.get(identifier, startedAt, config.cache.memorySeconds);
  if (inMemory !== null && includesId(visibleIds, inMemory.organizationId)) {
    if (synced !== null) await synced;
    if (!purges.isPurged(inMemory) && serveWhileRevalidating(context, identifier, inMemory))
      return { entry: inMemory, source: "memory", isStored: true };
  }

  const [kvRead] = await inSpan(
    "cache",
    async () => await Promise.all([readVisibleFromKv(context, identifier, prefetch, visibleIds), synced]),
  );
  // KV may have taken so long that the purge list is too old by now.
  await syncPurges(context);
  const now = Date.now();
  context.time("cache", now - startedAt);
  if (kvRead.kind === "failed") context.log.degraded("kv_read");
  const cached = bestCached(context, identifier, kvRead, now, visibleIds);
  if (cached?.isConfirmed && serveWhileRevalidating(context, identifier, cached.entry))
    return { entry: cached.entry, source: cached.source, isStored: true };
  return await lookUpInObject(context, identifier, cached, {
    kind: "answer",
    newestRequestedAt: cached?.entry.requestedAt ?? null,
    hasSeenEntry: cached !== null || kvRead.kind === "entry" || kvRead.kind === "hidden",
    minPurgeEpoch: purges.minPurgeEpoch(purgeNamesOf(identifier)),
    visibleIds,
  });
}

async function readFromKv(
  { env, config, state, waitUntil }: CacheContext,
  identifier: string,
  canSee: (organizationId: string) => boolean,
): Promise<KvRead> {
  const scope = { kv: env.ORGANIZATIONS, projectId: config.stytch.projectId };
  const known = state.memory.get(identifier, Date.now(), Number.POSITIVE_INFINITY);
  const options = { timeoutMs: KV_TIMEOUT_MS, waitUntil, now: Date.now };
  return await readKvEntry(
    scope,
    identifier,
    known,
    canSee,
    async (key, read) => await state.kvReads.run(key, options, read),
  );
}

/** Waits for the first value alone if it leads to an organization that the caller may not see. */
async function readVisibleFromKv(
  context: CacheContext,
  identifier: string,
  prefetch: Prefetch | null,
  visibleIds: readonly string[] | null,
): Promise<KvRead> {
  const canSee = (organizationId: string) => includesId(visibleIds, organizationId);
  if (prefetch === null) return await readFromKv(context, identifier, canSee);
  const organizationId = visibleIds === null ? null : await prefetch.organizationId;
  if (organizationId !== null && !canSee(organizationId)) return { kind: "hidden" };
  return await prefetch.kvRead;
}

/**
 * The better of what KV and memory have: KV's, unless it is missing, expired, purged, tombstoned, or under a moved alias.
 */
function bestCached(
  { config, state }: CacheContext,
  identifier: string,
  kvRead: KvRead,
  now: number,
  visibleIds: readonly string[] | null,
): CachedCandidate | null {
  const { memory, purges } = state;
  const isUsable = (entry: Entry) =>
    includesId(visibleIds, entry.organizationId) &&
    freshnessOf(entry.receivedAt, now, config.cache) !== "expired" &&
    !purges.isPurged(entry);
  if (
    kvRead.kind === "entry" &&
    isUsable(kvRead.entry) &&
    !memory.isTombstoned(identifier, kvRead.entry) &&
    !memory.isAliasContested(identifier, kvRead.entry)
  ) {
    const entry = storeInMemory(state, kvRead.entry, identifier, now);
    // Memory may hold a newer entry of the organization, without this alias.
    return hasIdentifier(entry, identifier) ? { entry, source: "kv", isConfirmed: true } : null;
  }
  const entry = memory.get(identifier, now, Number.POSITIVE_INFINITY);
  if (entry === null || !isUsable(entry)) return null;
  return { entry, source: "memory", isConfirmed: kvRead.kind === "failed" };
}

/**
 * Stale-while-revalidate (RFC 5861 §3): returns true if the entry may be served as it is, and starts a refresh in the
 * background if it is stale.
 */
function serveWhileRevalidating(context: CacheContext, identifier: string, entry: Entry): boolean {
  switch (freshnessOf(entry.receivedAt, Date.now(), context.config.cache)) {
    case "fresh":
      return true;
    case "stale":
      revalidateInBackground(context, identifier, entry);
      return true;
    case "stale_if_error":
    case "expired":
      return false;
  }
}
