/**
 * The last stage of a lookup, if neither memory nor KV can answer it: the Organization object, and behind it Stytch.
 */
import { inSpan } from "../platform/span.ts";
import { type CacheContext, storeInMemory, syncPurges } from "./cache-context.ts";
import { type Entry, hasIdentifier, identifiersOf } from "./entry.ts";
import { freshnessOf } from "./freshness.ts";
import type { AnswerSource, CachedCandidate, FoundEntry, LookupResult } from "./lookup-result.ts";
import { readOrganizationObject } from "./object-client.ts";
import {
  isTransientFailure,
  type Origin,
  type ReadFailure,
  type ReadRequest,
  type ReadResult,
} from "./object-messages.ts";
import { purgeNamesOf } from "./resource.ts";

/** A read is repeated if a purge came while it was made; each repetition takes another purge. */
const MAX_READS = 3;

/** Never rejects. `cached` is an entry that may be served only if Stytch fails. */
export async function lookUpInObject(
  context: CacheContext,
  identifier: string,
  cached: CachedCandidate | null,
  request: Omit<ReadRequest, "latestSeen">,
): Promise<LookupResult> {
  const { state, log } = context;
  const isForced = request.kind === "forced";
  const startedAt = Date.now();
  const result = await inSpan(
    "upstream",
    async () => await readUntilUnpurged(context, identifier, cached, request),
  );
  const now = Date.now();
  context.time("upstream", now - startedAt);
  if (result.entry !== undefined) {
    const current = storeInMemory(state, result.entry, identifier, now);
    // A forced read returns what Stytch answered, even if something is newer by the clock of another machine.
    const entry = !isForced && hasIdentifier(current, identifier) ? current : result.entry;
    return { entry, source: sourceOf(result.origin, isForced), isStored: hasIdentifier(entry, identifier) };
  }
  if (result.detail !== undefined) log.upstream(null, result.detail);
  if (isTransientFailure(result.failure, identifier)) {
    const found = isForced ? null : fallBack(context, identifier, cached, result.cached, now);
    if (found !== null) return found;
  } else if (result.failure !== "hidden") state.memory.addTombstone(identifier, startedAt);
  return {
    failure: typeof result.failure === "string" ? "not_found" : result.failure,
  };
}

/** Reads the object until no purge has ended what it returned. */
async function readUntilUnpurged(
  context: CacheContext,
  identifier: string,
  cached: CachedCandidate | null,
  request: Omit<ReadRequest, "latestSeen">,
): Promise<ReadResult> {
  const { purges } = context.state;
  let { minPurgeEpoch, newestRequestedAt } = request;
  let result: ReadResult = { failure: { type: "upstream_unavailable" }, call: null };
  for (let reads = 0; reads < MAX_READS; reads += 1) {
    const { latestSeen } = purges;
    const read = { ...request, minPurgeEpoch, newestRequestedAt, latestSeen };
    result = await readOrganizationObject(context, identifier, read);
    context.log.upstream(result.call);
    // The read may have taken long.
    await syncPurges(context);
    if (result.entry === undefined) {
      const latestPurge = purges.minPurgeEpoch(purgeNamesOf(identifier));
      // A 404 from before a purge says nothing of the time after it.
      const isOutdated = typeof result.failure === "string" && latestPurge > minPurgeEpoch;
      if (!isOutdated && !mayHaveBackedOffInVain(context, identifier, cached, result, read)) return result;
      // Without an entry to hide a failure, the object asks Stytch.
      newestRequestedAt = null;
      const names = result.cached === undefined ? purgeNamesOf(identifier) : identifiersOf(result.cached);
      minPurgeEpoch = Math.max(latestPurge, purges.minPurgeEpoch(names));
      continue;
    }
    purges.observeSequence(result.entry.purgeEpoch);
    if (!purges.isPurged(result.entry)) return result;
    minPurgeEpoch = purges.minPurgeEpoch(identifiersOf(result.entry));
    result = { failure: { type: "upstream_unavailable" }, call: result.call };
  }
  return result;
}

/**
 * True if the object may have answered with an earlier failure, instead of asking Stytch, for the sake of an entry that
 * would hide it, and no entry may: a purge of another of its names has ended it, which the object had not heard of.
 */
function mayHaveBackedOffInVain(
  context: CacheContext,
  identifier: string,
  cached: CachedCandidate | null,
  { failure, cached: ofObject, call }: ReadFailure,
  { kind, newestRequestedAt }: ReadRequest,
): boolean {
  if (kind === "forced" || call !== null || !isTransientFailure(failure, identifier)) return false;
  if (newestRequestedAt === null && ofObject === undefined) return false;
  return newestUsable(context, cached, ofObject, Date.now()) === null;
}

/** Stale-if-error (RFC 5861 §4): an older entry that hides the failure of Stytch. */
function fallBack(
  context: CacheContext,
  identifier: string,
  cached: CachedCandidate | null,
  ofObject: Entry | undefined,
  now: number,
): FoundEntry | null {
  const entry = newestUsable(context, cached, ofObject, now);
  if (entry === null) return null;
  // So that it hides the next failure, too, when the object has been evicted.
  if (entry === ofObject) storeInMemory(context.state, entry, identifier, now);
  context.log.degraded("upstream");
  return {
    entry,
    source: entry === cached?.entry ? cached.source : "memory",
    isStored: true,
    hidesFailure: true,
  };
}

/** The newer of what the caches and the object have, if it is not expired and no purge has ended it. */
function newestUsable(
  { config, state }: CacheContext,
  cached: CachedCandidate | null,
  ofObject: Entry | undefined,
  now: number,
): Entry | null {
  let newest: Entry | null = null;
  for (const entry of [cached?.entry, ofObject]) {
    if (entry === undefined || state.purges.isPurged(entry)) continue;
    if (freshnessOf(entry.receivedAt, now, config.cache) === "expired") continue;
    if (newest === null || newest.requestedAt < entry.requestedAt) newest = entry;
  }
  return newest;
}

function sourceOf(origin: Origin, isForced: boolean): AnswerSource {
  if (isForced) return origin === "collapsed" ? "requested_collapsed" : "requested";
  return origin === "held" ? "memory" : origin;
}
