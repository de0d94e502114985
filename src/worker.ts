/**
 * The shell around every request, so that no middleware has to be: the configuration, a request ID, the date, no
 * caching unless the answer says otherwise, one log entry, and the last resort for defects. The app answers.
 */
import type { Hono } from "hono";
import { createApp } from "./app.ts";
import type { AppEnv } from "./app-env.ts";
import { failureResponse } from "./error-response.ts";
import { formatHttpDate } from "./http-date.ts";
import { type IsolateState, isolateStateOf, type Misconfiguration } from "./isolate-state.ts";
import { setRateLimit } from "./limits/rate-limit-headers.ts";
import { RequestContext } from "./request-context.ts";
import { RequestLog } from "./request-log.ts";
import { pathOf } from "./request-path.ts";

/** `random`: 0 to 1, for the share of cache hits that is logged. */
export function createWorker(random: () => number = Math.random) {
  /** One app for each isolate's state, and so for each configuration. */
  const apps = new WeakMap<IsolateState, Hono<AppEnv>>();

  function appFor(state: IsolateState): Hono<AppEnv> {
    let app = apps.get(state);
    if (app === undefined) {
      app = createApp(state.config, state.cors);
      apps.set(state, app);
    }
    return app;
  }

  return {
    /** Never rejects. */
    async fetch(request: Request, env: Env, executionContext: ExecutionContext): Promise<Response> {
      const log = new RequestLog(request);
      const state = isolateStateOf(env);
      if (!state.ok) return finish(misconfigured(request, state.failure, log), Date.now(), log, 1);
      const context = new RequestContext(request, env, state.value, log, executionContext);
      let response: Response;
      try {
        response = await appFor(state.value).fetch(request, context);
      } catch (thrown) {
        // What is not an Error passes Hono's onError.
        log.defect(thrown);
        const failure = await context.fail({ type: "internal_error" });
        response = request.method === "HEAD" ? new Response(null, failure) : failure;
      }
      if (!context.hasCommonHeaders) {
        const { cors } = state.value;
        cors?.addHeaders(cors.allowedOrigin(request), context.path, response.headers);
        addCommonHeaders(response.headers, log.requestId);
        if (context.quota !== null) setRateLimit(response.headers, context.quota);
      }
      const now = Date.now();
      log.count(state.value, response.status, now);
      if (!log.isUnauthenticated) reportOverdueCounts(state.value, now, context.waitUntil);
      return finish(response, now, log, state.value.config.logHitSampleRate);
    },
  };

  function finish(response: Response, now: number, log: RequestLog, hitSampleRate: number): Response {
    log.write(response.status, now, hitSampleRate, random);
    return response;
  }
}

/**
 * Counts are reported along with the sync of purges, which traffic of cached reads makes twice in a lease. Other traffic
 * has one made in the background, so what an isolate has not reported is at most what it counted in a lease. Bad
 * credentials cost no I/O, so they are reported with the next request that has none or good ones.
 */
function reportOverdueCounts(
  { config, metrics, purgeSync }: IsolateState,
  now: number,
  waitUntil: RequestContext["waitUntil"],
): void {
  if (metrics.isOverdue(now, config.leaseSeconds * 1_000)) purgeSync.syncEarly(waitUntil);
}

/** Names no variable to the caller; the log entry names each. A page may ask and read this, too. */
function misconfigured(request: Request, { problems, cors }: Misconfiguration, log: RequestLog): Response {
  log.problems(problems);
  const path = pathOf(request.url);
  const response = cors?.answerPreflight(request, path) ?? misconfiguredFailure(request, path, log);
  cors?.addHeaders(cors.allowedOrigin(request), path, response.headers);
  addCommonHeaders(response.headers, log.requestId);
  return response;
}

function addCommonHeaders(headers: Headers, requestId: string): void {
  headers.set("X-Request-Id", requestId);
  headers.set("Date", formatHttpDate(Date.now()));
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
}

function misconfiguredFailure(request: Request, path: string, log: RequestLog): Response {
  const failure = { type: "misconfigured" } as const;
  log.failure(failure);
  const response = failureResponse(failure, request, log.requestId, path === "/healthz" ? 503 : undefined);
  return request.method === "HEAD" ? new Response(null, response) : response;
}
