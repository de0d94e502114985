/**
 * CORS (https://fetch.spec.whatwg.org/#http-cors-protocol), built once per configuration. It is no middleware: in front
 * of a hot route that would cost a fifth of a hit, so the shell adds the few headers itself, and those of a hit are kept
 * with its others.
 */
import { AllowedOrigins } from "./cors-origins.ts";

/** What scripts of a page may read of an answer. */
const EXPOSED_HEADERS = [
  "X-Request-Id",
  "Cache-Status",
  "Age",
  "ETag",
  "RateLimit-Policy",
  "RateLimit",
  "Retry-After",
  "WWW-Authenticate",
  "Server-Timing",
  "Timing-Allow-Origin",
  "Allow",
  "Vary",
  "Date",
].join(",");

/** Chromium remembers a preflight for no longer than this. */
const PREFLIGHT_MAX_AGE_SECONDS = 7_200;

/** All headers: `*` stands for every one but `Authorization`. Old browsers take it for a header of that name. */
const ALL_HEADERS = "Authorization, *";

/** A list of header names (RFC 9110 §5.6.1 and §5.6.2), which is repeated to the caller. */
const HEADER_NAMES = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/;
const MAX_REPEATED_CHARACTERS = 4_096;

/** Pages of other origins have no business with operators' paths, and none with a link that hands over a key. */
const OPERATOR_PATH = /^\/(?:admin|console|handover|metrics|webhooks)(?:\/|$)/;

/** True for the question of a browser whether a page may send a request. */
export function isPreflight({ method, headers }: Request): boolean {
  return (
    method === "OPTIONS" && Boolean(headers.get("Origin") && headers.get("Access-Control-Request-Method"))
  );
}

export class Cors {
  readonly #origins: AllowedOrigins;

  /** `origins`: those of `CORS_ORIGINS`. */
  constructor(origins: readonly string[]) {
    this.#origins = new AllowedOrigins(origins);
  }

  /**
   * The answer to a preflight, without a key and for any path, so that the page can read a 404, too. Null if the request
   * is no preflight, or for an operator's path. `addHeaders` has to follow.
   */
  answerPreflight(request: Request, path: string): Response | null {
    if (!isPreflight(request) || OPERATOR_PATH.test(path)) return null;
    const response = new Response(null, { status: 204 });
    if (!this.#origins.has(request.headers.get("Origin") ?? "")) return response;
    const asked = request.headers.get("Access-Control-Request-Headers") ?? "";
    const isRepeated = asked.length <= MAX_REPEATED_CHARACTERS && HEADER_NAMES.test(asked);
    response.headers.set("Access-Control-Allow-Methods", "GET,HEAD");
    response.headers.set(
      "Access-Control-Allow-Headers",
      isRepeated ? `${ALL_HEADERS}, ${asked}` : ALL_HEADERS,
    );
    response.headers.set("Access-Control-Max-Age", String(PREFLIGHT_MAX_AGE_SECONDS));
    response.headers.set("Vary", "Access-Control-Request-Headers");
    return response;
  }

  /** What `Access-Control-Allow-Origin` says to this request, whatever its path: `*` or its origin; null if nothing. */
  allowedOrigin({ headers }: Request): string | null {
    if (this.#origins.includesAll) return "*";
    const origin = headers.get("Origin");
    return origin !== null && this.#origins.has(origin) ? origin : null;
  }

  /** Adds to an answer what a page of the allowed origin needs to read it, and to see its timing if it is a read. */
  addHeaders(allowedOrigin: string | null, path: string, headers: Headers): void {
    if (OPERATOR_PATH.test(path)) return;
    if (!this.#origins.includesAll) headers.append("Vary", "Origin");
    if (allowedOrigin === null) return;
    headers.set("Access-Control-Allow-Origin", allowedOrigin);
    headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS);
    if (path.startsWith("/v1/")) headers.set("Timing-Allow-Origin", allowedOrigin);
  }
}
