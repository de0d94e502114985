/**
 * The last stage of a lookup, if neither memory nor KV can answer it: the Organization object, and behind it Stytch.
 */
import { type CacheContext, storeInMemory, syncPurges } from "./cache-context.ts";
import { type Entry, hasIdentifier, identifiersOf } from "./entry.ts";
import { freshnessOf } from "./freshness.ts";
import type { AnswerSource, CachedCandidate, FoundEntry, LookupResult } from "./lookup-result.ts";
import { readOrganizationObject } from "./object-client.ts";
import { isTransientFailure, type Origin, type ReadRequest, type ReadResult } from "./object-messages.ts";

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
  const result = await readUntilUnpurged(context, identifier, request);
  const now = Date.now();
  context.time("upstream", now - startedAt);
  if (result.entry !== undefined) {
    const current = storeInMemory(state, result.entry, identifier, now);
    // A forced read returns what Stytch answered, even if something is newer by the clock of another machine.
    const entry = !isForced && hasIdentifier(current, identifier) ? current : result.entry;
    return { entry, source: sourceOf(result.origin, isForced), isStored: hasIdentifier(entry, identifier) };
  }
  if (result.detail !== undefined) log.upstream(null, result.detail);
  if (isTransientFailure(result.failure)) {
    const found = isForced ? null : fallBack(context, cached, result.cached, now);
    if (found !== null) return found;
  } else if (result.failure !== "hidden") state.memory.addTombstone(identifier, startedAt);
  return {
    failure: typeof result.failure === "string" ? { type: "organization_not_found" } : result.failure,
  };
}

/** Reads the object until no purge has ended what it returned. */
async function readUntilUnpurged(
  context: CacheContext,
  identifier: string,
  request: Omit<ReadRequest, "latestSeen">,
): Promise<ReadResult> {
  const { purges } = context.state;
  let { minPurgeEpoch } = request;
  let result: ReadResult = { failure: { type: "upstream_unavailable" }, call: null };
  for (let reads = 0; reads < MAX_READS; reads += 1) {
    const { latestSeen } = purges;
    result = await readOrganizationObject(context, identifier, { ...request, minPurgeEpoch, latestSeen });
    context.log.upstream(result.call);
    // The read may have taken long.
    await syncPurges(context);
    if (result.entry === undefined) {
      const latestPurge = purges.minPurgeEpoch([identifier]);
      // A 404 from before a purge says nothing of the time after it.
      if (typeof result.failure !== "string" || latestPurge <= minPurgeEpoch) return result;
      minPurgeEpoch = latestPurge;
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
 * Stale-if-error (RFC 5861 §4): an older entry that hides the failure of Stytch. The newer one of the caches' and the
 * object's is served, unless it is expired or purged: an isolate may have kept an old one while the object read again.
 */
function fallBack(
  { config, state, log }: CacheContext,
  cached: CachedCandidate | null,
  ofObject: Entry | undefined,
  now: number,
): FoundEntry | null {
  const isUsable = (entry: Entry) =>
    freshnessOf(entry.receivedAt, now, config.cache) !== "expired" && !state.purges.isPurged(entry);
  const candidates: Omit<CachedCandidate, "isConfirmed">[] = [];
  if (cached !== null && isUsable(cached.entry)) candidates.push(cached);
  if (ofObject !== undefined && isUsable(ofObject)) candidates.push({ entry: ofObject, source: "memory" });
  const [first, second] = candidates;
  if (first === undefined) return null;
  const { entry, source } =
    second !== undefined && second.entry.requestedAt > first.entry.requestedAt ? second : first;
  log.degraded("upstream");
  return { entry, source, isStored: true };
}

function sourceOf(origin: Origin, isForced: boolean): AnswerSource {
  if (isForced) return origin === "collapsed" ? "requested_collapsed" : "requested";
  return origin === "held" ? "memory" : origin;
}
