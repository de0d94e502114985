/**
 * The routes, and what every answer needs: a request ID, a date, no caching unless it says so, a last resort for defects, one
 * log line.
 */
import { Hono } from "hono";
import { cors } from "hono/cors";
import { refusalOfAdmin } from "./admin/access.ts";
import { listEvents } from "./admin/audit.ts";
import { purgeOrganization, receiveWebhook } from "./admin/cache.ts";
import { createKey, editKey, listKeys, revokeKey, rotateKey, showKey, showUsage } from "./admin/keys.ts";
import type { Call } from "./call.ts";
import { configOf } from "./config.ts";
import { errorTypeOf, type Failure, failureResponse } from "./errors.ts";
import { type Isolate, newIsolate } from "./isolate.ts";
import { rateLimitHeaders } from "./keys/quota.ts";
import { describe, type LogLine, log } from "./log.ts";
import { readJwks } from "./proxy/jwks.ts";
import { readMember } from "./proxy/member.ts";
import { readOrganization } from "./proxy/organization.ts";
import { whoAmI } from "./proxy/whoami.ts";
import { shielded } from "./shield.ts";

type App = { Bindings: Env; Variables: { line: LogLine; call: Call } };
type Operation = (call: Call, isolate: Isolate, parameter: string) => Promise<Response | Failure>;

/** A path, and what answers each of its methods. `HEAD` is answered as `GET` without its body. */
type Routes = ReadonlyArray<readonly [path: string, methods: Record<string, Operation>]>;

/** Whose answers depend on the caller's key. */
const KEYED: Routes = [
  ["/v1/b2b/organizations/:organization_id", { GET: readOrganization }],
  // An empty identifier is one out of bounds, not another path.
  ["/v1/b2b/organizations/", { GET: readOrganization }],
  ["/v1/b2b/organizations/members/dangerously_get/:member_id", { GET: readMember }],
  ["/v1/b2b/organizations/members/dangerously_get/", { GET: readMember }],
  ["/whoami", { GET: whoAmI }],
];
const OPEN: Routes = [
  ["/v1/b2b/sessions/jwks/:project_id", { GET: (call, isolate, id) => readJwks(call, isolate.jwks, id) }],
  ["/healthz", { GET: async () => Response.json({ status: "ok" }) }],
];
const ADMIN: Routes = [
  ["/admin/keys", { GET: listKeys, POST: createKey }],
  ["/admin/keys/:key_id", { GET: ofKey(showKey), PATCH: ofKey(editKey), DELETE: ofKey(revokeKey) }],
  ["/admin/keys/:key_id/rotate", { POST: ofKey(rotateKey) }],
  ["/admin/keys/:key_id/usage", { GET: ofKey(showUsage) }],
  ["/admin/cache/purge", { POST: purgeOrganization }],
  ["/admin/audit", { GET: listEvents }],
];
const WEBHOOKS: Routes = [["/webhooks/stytch", { POST: receiveWebhook }]];

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

/** An app with the memory of one isolate. `random`: 0 to 1, for the sample of hits that is logged. */
export function createApp(random: () => number = Math.random) {
  const isolate = newIsolate();
  const app = new Hono<App>({ getPath });

  app.use(async (c, next) => {
    const began = Date.now();
    const line: LogLine = {
      request_id: crypto.randomUUID(),
      method: c.req.method,
      route: null,
      status: 500,
      error_type: null,
      key_id: null,
      cache: null,
      duration_ms: 0,
      upstream: null,
    };
    c.set("line", line);
    await next();
    const now = Date.now();
    c.res.headers.set("X-Request-Id", line.request_id);
    c.res.headers.set("Date", new Date(now).toUTCString());
    if (!c.res.headers.has("Cache-Control")) c.res.headers.set("Cache-Control", "no-store");
    line.status = c.res.status;
    line.duration_ms = now - began;
    const sample = configOf(c.env);
    const rate = isHit(line) && "config" in sample ? sample.config.logHitSampleRate : 1;
    if (random() < rate) log(line);
  });

  app.use(async (c, next) => {
    const configured = configOf(c.env);
    const line = c.get("line");
    if ("problems" in configured) {
      line.problems = configured.problems;
      line.error_type = "misconfigured";
      const isHealth = c.req.path === "/healthz";
      return failureResponse({ type: "misconfigured" }, line.request_id, isHealth ? 503 : undefined);
    }
    c.set("call", {
      request: c.req.raw,
      requestId: line.request_id,
      env: c.env,
      config: configured.config,
      line,
      timings: {},
      quota: null,
      waitUntil: (work) => c.executionCtx.waitUntil(work),
    });
    return await next();
  });

  app.use(async (c, next) => {
    const origins = c.get("call").config.corsOrigins;
    if (origins.length === 0 || /^\/(admin|webhooks)/.test(c.req.path)) return await next();
    return await cors({ ...CORS, origin: origins.includes("*") ? "*" : [...origins] })(c, next);
  });

  app.use("/admin/*", async (c, next) => {
    const call = c.get("call");
    const refusal = await refusalOfAdmin(call.config.adminToken, call.request.headers.get("Authorization"));
    return refusal === null ? await next() : refuse(await shielded(call, refusal), call.line);
  });

  app.use("/webhooks/*", async (c, next) => {
    const call = c.get("call");
    return call.config.webhookSecrets.length > 0
      ? await next()
      : refuse({ type: "route_not_found" }, call.line);
  });

  for (const [path, methods] of [...KEYED, ...OPEN, ...ADMIN, ...WEBHOOKS]) {
    const route = path.replace(/:(\w+)/, "{$1}");
    const isKeyed = KEYED.some(([keyed]) => keyed === path);
    for (const [method, operation] of Object.entries(methods)) {
      app.on(method, path, async (c) => {
        const call = c.get("call");
        call.line.route = route;
        const answer = await operation(call, isolate, segment(c.req.path, path)).catch((thrown: unknown) =>
          defect(thrown, call.line),
        );
        const response =
          answer instanceof Response ? answer : refuse(await shielded(call, answer), call.line);
        if (isKeyed) response.headers.append("Vary", "Authorization");
        for (const [name, value] of call.quota === null ? [] : rateLimitHeaders(call.quota)) {
          response.headers.set(name, value);
        }
        return response;
      });
    }
    const allow = Object.keys(methods)
      .flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))
      .join(", ");
    app.all(path, (c) => {
      c.get("line").route = route;
      return refuse({ type: "method_not_allowed", allow }, c.get("line"));
    });
  }

  app.notFound((c) => refuse({ type: "route_not_found" }, c.get("line")));
  app.onError((error, c) => refuse(defect(error, c.get("line")), c.get("line")));
  return app;
}

function refuse(failure: Failure, line: LogLine): Response {
  line.error_type = errorTypeOf(failure);
  return failureResponse(failure, line.request_id);
}

/** The raw path, so that an identifier is decoded once and by us; doubled slashes at its start count as one. */
function getPath(request: Request): string {
  return new URL(request.url).pathname.replace(/^\/{2,}/, "/");
}

/** The raw segment of a path in place of its pattern's parameter, if it has one. */
function segment(path: string, pattern: string): string {
  const at = pattern.split("/").findIndex((part) => part.startsWith(":"));
  return at < 0 ? "" : (path.split("/")[at] ?? "");
}

/** The last resort: what was thrown goes to the log, reduced to its kind and place. */
function defect(thrown: unknown, line: LogLine): Failure {
  line.defect = describe(thrown);
  return { type: "internal_error" };
}

function ofKey(operation: (call: Call, keyId: string) => Promise<Response | Failure>): Operation {
  return (call, _isolate, keyId) => operation(call, keyId);
}

/** Answered from the cache with nothing amiss: the lines that are sampled. */
function isHit(line: LogLine): boolean {
  return line.error_type === null && line.cache?.includes("; hit") === true && line.degraded === undefined;
}
