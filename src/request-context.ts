/** What one request carries from stage to stage: plain values, nothing of Hono, and nothing of another request. */
import type { Config } from "./config.ts";
import { failureResponse } from "./error-response.ts";
import type { Failure } from "./errors.ts";
import { limitFailedAuth } from "./failed-auth-limit.ts";
import type { IsolateState } from "./isolate-state.ts";
import type { Quota } from "./limits/rate-limit-headers.ts";
import type { RequestLog } from "./request-log.ts";
import { pathOf } from "./request-path.ts";

/** Durations in ms, for `Server-Timing`. On Workers the clock stands still between I/O. */
export interface Timings {
  key?: number;
  cache?: number;
  upstream?: number;
}

export class RequestContext {
  readonly request: Request;
  /** As Hono matches it. */
  readonly path: string;
  readonly env: Env;
  readonly state: IsolateState;
  readonly log: RequestLog;
  /** Work that goes on after the answer. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  /** The rate limit of the caller's key and what is left of it; null if it has none. */
  quota: Quota | null = null;
  /** True if the answer depends on the caller's key; a failure says so in `Vary`. */
  isKeyed = false;
  /** True if the answer has the headers of `addCommonHeaders` in `worker.ts`, of CORS and of the rate limit already. */
  hasCommonHeaders = false;
  readonly #executionContext: Pick<ExecutionContext, "waitUntil" | "access">;
  readonly #timings: Timings = {};

  constructor(
    request: Request,
    env: Env,
    state: IsolateState,
    log: RequestLog,
    executionContext: Pick<ExecutionContext, "waitUntil" | "access">,
  ) {
    this.request = request;
    this.path = pathOf(request.url);
    this.env = env;
    this.state = state;
    this.log = log;
    this.#executionContext = executionContext;
    this.waitUntil = (work) => executionContext.waitUntil(work);
  }

  get config(): Config {
    return this.state.config;
  }

  /** What Cloudflare Access knows of the caller; undefined if it did not let the caller in. */
  get access(): CloudflareAccessContext | undefined {
    return this.#executionContext.access;
  }

  get timings(): Readonly<Timings> {
    return this.#timings;
  }

  /** Notes how long a stage took, in ms. */
  time(stage: keyof Timings, ms: number): void {
    this.#timings[stage] = ms;
  }

  /** The answer to a failure. A failed authentication counts against the caller's address. */
  async fail(failure: Failure): Promise<Response> {
    const { env, log, request } = this;
    const answered = await limitFailedAuth(failure, request.headers, env.FAILED_AUTH_LIMITER, log);
    log.failure(answered, failure);
    const response = failureResponse(answered, request, log.requestId);
    if (this.isKeyed) response.headers.set("Vary", "Authorization");
    return response;
  }
}
