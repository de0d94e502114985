/**
 * The answers of the two operations, built from the caller's point of view: no header here comes from Stytch.
 * `Cache-Status` is RFC 9211, `Age` and `Cache-Control` RFC 9111, `ETag` and 304 RFC 9110, `Server-Timing` the W3C's.
 */
import { ageSeconds } from "../cache/freshness.ts";
import type { FoundEntry } from "../cache/lookup.ts";
import type { RequestContext } from "../request-context.ts";
import type { Projection } from "./projection-cache.ts";

/** An organization, or 304 where the caller has it already. */
export function organizationResponse(
  context: RequestContext,
  found: FoundEntry,
  view: Projection,
  now: number,
): Response {
  const age = ageSeconds(found.entry.receivedAt, now);
  const ttl = context.config.cache.freshSeconds - age;
  const cacheStatus = formatCacheStatus(found, ttl);
  context.entry.cache = cacheStatus;
  const headers = cacheHeaders(view, cacheStatus, age, ttl);
  const isNotModified = matchesEtag(context.request.headers.get("If-None-Match"), view.etag);
  const answer = isNotModified
    ? new Response(null, { status: 304, headers })
    : new Response(view.body, { headers });
  if (!isNotModified) answer.headers.set("Content-Type", "application/json");
  answer.headers.set("Server-Timing", formatServerTiming(context));
  return answer;
}

/** The last headers of each view: those of the next hit are the same for a second. */
const lastHeaders = new WeakMap<Projection, CachedHeaders>();

interface CachedHeaders {
  readonly cacheStatus: string;
  readonly age: number;
  readonly headers: Headers;
}

function cacheHeaders(view: Projection, cacheStatus: string, age: number, ttl: number): Headers {
  const last = lastHeaders.get(view);
  // From which all the others follow.
  if (last?.cacheStatus === cacheStatus && last.age === age) return last.headers;
  const headers = new Headers({
    "Cache-Status": cacheStatus,
    Age: String(age),
    ETag: view.etag,
    "Cache-Control": `private, max-age=${Math.max(0, ttl)}`,
    Vary: "Authorization",
  });
  lastHeaders.set(view, { cacheStatus, age, headers });
  return headers;
}

/** A member, as the caller sees it. */
export function memberResponse(context: RequestContext, body: Uint8Array<ArrayBuffer>): Response {
  const cacheStatus = "postern; fwd=bypass";
  context.entry.cache = cacheStatus;
  return jsonResponse(body, {
    "Cache-Status": cacheStatus,
    "Server-Timing": formatServerTiming(context),
    Vary: "Authorization",
  });
}

export function jsonResponse(body: Uint8Array<ArrayBuffer>, headers: Record<string, string>): Response {
  return new Response(body, { headers: { "Content-Type": "application/json", ...headers } });
}

function formatServerTiming({ timings: { key, cache, upstream } }: RequestContext): string {
  let text = `key;dur=${key ?? 0}`;
  if (cache !== undefined) text += `, cache;dur=${cache}`;
  if (upstream !== undefined) text += `, upstream;dur=${upstream}`;
  return text;
}

/** RFC 9211 §2: what this cache did, for whoever debugs it. */
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

/** RFC 9110 §13.1.2: weak comparison with each of a list, or `*` for any. */
export function matchesEtag(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const opaque = (tag: string) => tag.replace(/^W\//, "");
  const tags = ifNoneMatch.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => opaque(tag) === opaque(etag));
}
