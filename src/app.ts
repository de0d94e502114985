/** What every answer needs around what makes it: a request ID, a date, no caching unless it says so, a last resort for defects, one log line. */
import { Hono } from "hono";
import { cors } from "hono/cors";
import { checkAdminToken } from "./admin/require-admin-token.ts";
import { type Config, configOf } from "./config.ts";
import { errorTypeOf, type Failure, failureResponse } from "./errors.ts";
import { limitFailedAuth } from "./failed-auth-limit.ts";
import { createIsolateState, type IsolateState } from "./isolate-state.ts";
import { setRateLimit } from "./limits/rate-limit-headers.ts";
import { describeError, type LogEntry, log } from "./log.ts";
import type { RequestContext } from "./request-context.ts";
import { type Place, pathOf, placeOf } from "./routes.ts";

/** For scripts of a page: what they may send and read. */
const CORS = {
  allowMethods: ["GET", "HEAD"],
  allowHeaders: ["Authorization", "If-None-Match", "Postern-Cache"],
  exposeHeaders: [
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
  ],
  maxAge: 600,
};

/**
 * An app with the memory of one isolate. `random`: 0 to 1, for the sample of hits that is logged. Its few paths are matched by their table (`routes.ts`), since a framework
 * between a request and its answer costs more than all that a hit does.
 */
export function createApp(random: () => number = Math.random) {
  const isolate = createIsolateState();

  /** Never rejects. */
  async function answer(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const began = Date.now();
    const parts = pathOf(request.url).split("/");
    const place = placeOf(parts);
    const line: LogEntry = {
      request_id: crypto.randomUUID(),
      method: request.method,
      route: place.route,
      status: 500,
      error_type: null,
      key_id: null,
      cache: null,
      duration_ms: 0,
      upstream: null,
    };
    const configured = configOf(env);
    const response =
      "config" in configured
        ? await made(callOf(request, env, context, configured.config, line), place, parts)
        : misconfigured(configured.problems, place, line);
    const now = Date.now();
    const { headers } = response;
    headers.set("X-Request-Id", line.request_id);
    headers.set("Date", dateText(now));
    if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
    line.status = response.status;
    line.duration_ms = now - began;
    const rate = isHit(line) && "config" in configured ? configured.config.logHitSampleRate : 1;
    if (random() < rate) log(line);
    return request.method === "HEAD" ? new Response(null, response) : response;
  }

  /** CORS goes around everything but the operator's paths. */
  function made(call: RequestContext, place: Place, parts: readonly string[]): Promise<Response> | Response {
    const origins = call.config.corsOrigins;
    const make = () => madeSafely(call, isolate, place, parts);
    if (origins.length === 0 || isOperators(place)) return make();
    const middleware = cors({ ...CORS, origin: origins.includes("*") ? "*" : [...origins] });
    return new Hono().use(middleware).all("*", make).fetch(call.request);
  }
  return { fetch: answer };
}

const callOf = (
  request: Request,
  env: Env,
  context: ExecutionContext,
  config: Config,
  entry: LogEntry,
): RequestContext => ({
  request,
  requestId: entry.request_id,
  env,
  config,
  entry,
  timings: {},
  quota: null,
  waitUntil: (work) => context.waitUntil(work),
});

/** Never rejects. */
async function madeSafely(
  call: RequestContext,
  isolate: IsolateState,
  place: Place,
  parts: readonly string[],
): Promise<Response> {
  let answer: Response | Failure;
  try {
    const refusal = isOperators(place) ? await refusalAt(place.kind, call) : null;
    answer = refusal ?? (await place.make(call, isolate, parts));
    if (!(answer instanceof Response)) answer = await limitFailedAuth(call, answer);
  } catch (thrown) {
    // The last resort: what was thrown goes to the log, reduced to its kind and place.
    call.entry.defect = describeError(thrown);
    answer = { type: "internal_error" };
  }
  const response = answer instanceof Response ? answer : refuse(answer, call.entry);
  if (place.kind === "keyed" && answer !== response) response.headers.set("Vary", "Authorization");
  if (call.quota !== null) setRateLimit(response.headers, call.quota);
  return response;
}

const isOperators = (place: Place): place is Place & { readonly kind: "admin" | "webhooks" } =>
  place.kind === "admin" || place.kind === "webhooks";

/** Why nobody may come there, whatever they ask for. */
async function refusalAt(kind: "admin" | "webhooks", call: RequestContext): Promise<Failure | null> {
  if (kind === "admin") {
    return await checkAdminToken(call.config.adminToken, call.request.headers.get("Authorization"));
  }
  return call.config.webhookSecrets.length > 0 ? null : { type: "route_not_found" };
}

function misconfigured(
  problems: Readonly<Record<string, string>>,
  { route }: Place,
  line: LogEntry,
): Response {
  line.problems = problems;
  line.error_type = "misconfigured";
  const isHealth = route === "/healthz";
  return failureResponse({ type: "misconfigured" }, line.request_id, isHealth ? 503 : undefined);
}

function refuse(failure: Failure, line: LogEntry): Response {
  line.error_type = errorTypeOf(failure);
  return failureResponse(failure, line.request_id);
}

let lastDate = { second: Number.NaN, text: "" };

/** For `Date`, which is the same for a second (RFC 9110 §6.6.1). */
function dateText(now: number): string {
  const second = Math.floor(now / 1_000);
  if (second !== lastDate.second) lastDate = { second, text: new Date(now).toUTCString() };
  return lastDate.text;
}

/** Answered from the cache with nothing amiss: the lines that are sampled. */
function isHit(line: LogEntry): boolean {
  return line.error_type === null && line.cache?.includes("; hit") === true && line.degraded === undefined;
}
