/**
 * The answers of the reads, from the caller's point of view: no header here comes from Stytch. `Cache-Status` is
 * RFC 9211, `Age` and `Cache-Control` RFC 9111, `ETag` and 304 RFC 9110, `Server-Timing` the W3C's.
 */
import { ageSeconds } from "../cache/freshness.ts";
import type { FoundEntry } from "../cache/lookup-result.ts";
import { formatHttpDate } from "../http-date.ts";
import type { Limit } from "../limits/bucket.ts";
import { deleteRateLimit, type Quota, setRateLimit } from "../limits/rate-limit-headers.ts";
import type { CacheResult } from "../metrics/outcome.ts";
import type { RequestContext, Timings } from "../request-context.ts";
import type { Projection } from "./projection-cache.ts";

/** What is cached, or 304 if the caller has it already. */
export function cachedResponse(
  context: RequestContext,
  found: FoundEntry,
  projection: Projection,
  now: number,
): Response {
  const age = ageSeconds(found.entry.receivedAt, now);
  const ttl = context.config.cache.freshSeconds - age;
  const cacheStatus = formatCacheStatus(found, ttl);
  context.log.cacheStatus(cacheStatus, cacheResultOf(found, ttl));
  const kept = cacheHeaders(context, projection, cacheStatus, age, ttl, formatHttpDate(now));
  const { headers } = kept;
  // The kept headers get the request ID and the rate limit of each answer in turn, and its Response copies them. To set
  // them there takes 2 µs more for each.
  headers.set("X-Request-Id", context.log.requestId);
  setOwnRateLimit(kept, context.quota);
  const isModified = !matchesEtag(context.request.headers.get("If-None-Match"), projection.etag);
  // To name the status 200 takes workerd 2 µs.
  const response = isModified
    ? new Response(projection.body, { headers })
    : new Response(null, { status: 304, headers });
  if (!isModified) response.headers.delete("Content-Type");
  context.hasCommonHeaders = true;
  return response;
}

function setOwnRateLimit(kept: CachedHeaders, quota: Quota | null): void {
  if (quota !== null) setRateLimit(kept.headers, quota, kept.limit);
  else if (kept.limit !== null) deleteRateLimit(kept.headers);
  kept.limit = quota?.limit ?? null;
}

/** The last headers of a projection: the next hit within the same second has the same ones, but for its ID and quota. */
export interface CachedHeaders {
  readonly cacheStatus: string;
  readonly serverTiming: string;
  readonly age: number;
  readonly date: string;
  /** As `Cors.allowedOrigin`. */
  readonly allowedOrigin: string | null;
  /** The rate limit that they name; null if they name none. */
  limit: Limit | null;
  readonly headers: Headers;
}

/**
 * The headers of a 200 or 304, with those of CORS, but for the request ID and the rate limit, which are each answer's own.
 * All others follow from the projection and from what is compared here. Those of CORS take a path, of which only the beginning counts: `/v1/`, by whatever name the projection is asked for.
 */
function cacheHeaders(
  context: RequestContext,
  projection: Projection,
  cacheStatus: string,
  age: number,
  ttl: number,
  date: string,
): CachedHeaders {
  const { config, path, request, state } = context;
  const { cors } = state;
  const serverTiming = formatServerTiming(context.timings);
  const allowedOrigin = cors?.allowedOrigin(request) ?? null;
  const last = state.responseHeaders.get(projection);
  if (
    last?.cacheStatus === cacheStatus &&
    last.serverTiming === serverTiming &&
    last.age === age &&
    last.date === date &&
    last.allowedOrigin === allowedOrigin
  ) {
    return last;
  }
  const headers = new Headers({
    "Cache-Status": cacheStatus,
    Age: String(age),
    ETag: projection.etag,
    "Cache-Control": formatCacheControl(age, ttl, config.clientCacheSeconds),
    Vary: "Authorization",
    "Content-Type": "application/json",
    "Server-Timing": serverTiming,
    Date: date,
  });
  cors?.addHeaders(allowedOrigin, path, headers);
  const kept = { cacheStatus, serverTiming, age, date, allowedOrigin, limit: null, headers };
  state.responseHeaders.set(projection, kept);
  return kept;
}

/** A member, as the caller sees it. */
export function memberResponse(context: RequestContext, body: Uint8Array<ArrayBuffer>): Response {
  const cacheStatus = "postern; fwd=bypass";
  context.log.cacheStatus(cacheStatus, "bypass");
  return new Response(body, {
    headers: {
      "Content-Type": "application/json",
      "Cache-Status": cacheStatus,
      "Server-Timing": formatServerTiming(context.timings),
      Vary: "Authorization",
    },
  });
}

function formatServerTiming({ key, cache, upstream }: Readonly<Timings>): string {
  let text = `key;dur=${key ?? 0}`;
  if (cache !== undefined) text += `, cache;dur=${cache}`;
  if (upstream !== undefined) text += `, upstream;dur=${upstream}`;
  return text;
}

/**
 * How long the caller's own cache may answer without asking: `clientSeconds` at most, and never once the answer is stale
 * here. `max-age` counts from when Stytch answered, since a cache subtracts `Age` from it (RFC 9111 §4.2). `no-cache`
 * lets a cache keep the answer and demands that it asks with its ETag (§5.2.2.4). There is no `must-revalidate`: some
 * caches would then ask each time.
 */
export function formatCacheControl(age: number, ttl: number, clientSeconds: number): string {
  const seconds = Math.min(clientSeconds, ttl);
  return seconds > 0 ? `private, max-age=${age + seconds}` : "private, no-cache";
}

/** RFC 9211 §2: how this cache came by the answer. */
function formatCacheStatus({ source, isStored }: FoundEntry, ttl: number): string {
  const stored = isStored ? "; stored" : "";
  switch (source) {
    case "memory":
    case "kv":
      return `postern; hit; ttl=${ttl}; detail=${source}`;
    case "fetched":
      return `postern; fwd=miss; fwd-status=200${stored}`;
    case "requested":
      return `postern; fwd=request; fwd-status=200${stored}`;
    case "requested_collapsed":
      return `postern; fwd=request; fwd-status=200${stored}; collapsed`;
    case "collapsed":
      return `postern; fwd=miss; fwd-status=200${stored}; collapsed`;
  }
}

/** The same in one word, for the counts. */
function cacheResultOf({ source, hidesFailure }: FoundEntry, ttl: number): CacheResult {
  if (hidesFailure) return "stale_if_error";
  switch (source) {
    case "memory":
    case "kv":
      return ttl > 0 ? source : "stale";
    case "fetched":
      return "miss";
    case "collapsed":
      return "collapsed";
    case "requested":
    case "requested_collapsed":
      return "bypass";
  }
}

/** RFC 9110 §13.1.2: weak comparison with each ETag of a list, or `*` for any. */
export function matchesEtag(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const opaque = (tag: string) => tag.replace(/^W\//, "");
  const tags = ifNoneMatch.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => opaque(tag) === opaque(etag));
}
