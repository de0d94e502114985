/**
 * CORS (https://fetch.spec.whatwg.org/#http-cors-protocol), built once per configuration. Hono's middleware answers
 * preflights. It does not run for other requests: in front of a hot route it would cost a fifth of a hit, so the shell
 * adds the few headers itself.
 */
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { AppEnv } from "./app-env.ts";

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
  "Vary",
  "Date",
].join(",");

/** Pages of other origins have no business with operators' paths. */
const OPERATOR_PATH = /^\/(?:admin|webhooks)(?:\/|$)/;

export class Cors {
  readonly #origins: ReadonlySet<string>;
  readonly #allowsAll: boolean;
  /** Answers preflights of allowed and other origins, without a key. For `OPTIONS` alone. */
  readonly preflight: MiddlewareHandler<AppEnv>;

  /** `origins`: such as `https://app.example`, or `*` for all. */
  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins);
    this.#allowsAll = this.#origins.has("*");
    const answer = cors({
      origin: this.#allowsAll ? "*" : [...origins],
      allowMethods: ["GET", "HEAD"],
      allowHeaders: ["Authorization", "If-None-Match", "Postern-Cache"],
      maxAge: 600,
    });
    this.preflight = async (c, next) =>
      OPERATOR_PATH.test(c.req.path) ? await next() : await answer(c, next);
  }

  /** Adds to an answer what a page of an allowed origin needs to read it. */
  addHeaders(request: Request, path: string, headers: Headers): void {
    if (request.method === "OPTIONS" || OPERATOR_PATH.test(path)) return;
    if (!this.#allowsAll) headers.append("Vary", "Origin");
    const origin = request.headers.get("Origin");
    if (!this.#allowsAll && (origin === null || !this.#origins.has(origin))) return;
    headers.set("Access-Control-Allow-Origin", this.#allowsAll ? "*" : (origin ?? ""));
    headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS);
  }
}
