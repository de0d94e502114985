/** What a request came to, in the few classes that are counted. Pure. */

/** How a read was answered by the cache. */
export type CacheResult =
  /** Fresh, from the memory of the isolate or of the organization's object. */
  | "memory"
  /** Fresh, from KV. */
  | "kv"
  /** Stale, and refreshed in the background (RFC 5861 §3). */
  | "stale"
  /** Stytch was asked, whatever it answered. */
  | "miss"
  /** The caller waited for another caller's upstream request. */
  | "collapsed"
  /** Stytch failed, and an older answer was served (RFC 5861 §4). */
  | "stale_if_error"
  /** A 404 that was remembered. */
  | "negative"
  /** A read that is never cached, or one that the caller forced past the cache. */
  | "bypass";

/** Each request has one. */
export const OUTCOMES = [
  "hit",
  "stale",
  "miss",
  "denied",
  "not_found",
  "rate_limited",
  "error",
  "invalid",
  "other",
] as const;

export type Outcome = (typeof OUTCOMES)[number];

/**
 * `cacheResult`: null if the request is no read of Stytch's data, or ended before its lookup. A success without one is
 * `other`; a 400, 405 and the like are `invalid`.
 */
export function outcomeOf(status: number, cacheResult: CacheResult | null): Outcome {
  if (status >= 400) return outcomeOfError(status);
  switch (cacheResult) {
    case "memory":
    case "kv":
      return "hit";
    case "stale":
    case "stale_if_error":
      return "stale";
    case "miss":
    case "collapsed":
    case "bypass":
      return "miss";
    case "negative":
    case null:
      return "other";
  }
}

function outcomeOfError(status: number): Outcome {
  if (status >= 500) return "error";
  switch (status) {
    case 401:
    case 403:
      return "denied";
    case 404:
      return "not_found";
    case 429:
      return "rate_limited";
    default:
      return "invalid";
  }
}
