/** The routes, and nothing else. What is not configured is not mounted. */
import { type Context, Hono } from "hono";
import { TrieRouter } from "hono/router/trie-router";
import type { RouterRoute } from "hono/types";
import { adminApp } from "./admin/app.ts";
import { handoverApp } from "./api/handover.ts";
import { CACHED_OPERATIONS, MEMBER_OPERATIONS } from "./api/operations.ts";
import { readCached } from "./api/read-cached.ts";
import { readMember } from "./api/read-member.ts";
import { whoAmI } from "./api/whoami.ts";
import { readOwnUsage } from "./api/whoami-usage.ts";
import type { AppEnv } from "./app-env.ts";
import type { Config } from "./config.ts";
import { ConsoleCookies } from "./console/console-cookie.ts";
import { consoleApp } from "./console/console-session.ts";
import type { Cors } from "./cors.ts";
import { type Failure, RequestError } from "./errors.ts";
import { readJwks } from "./jwks/route.ts";
import { isEndpoint } from "./log-route.ts";
import { readMetrics } from "./metrics/route.ts";
import { RememberingRouter } from "./remembering-router.ts";
import type { RequestContext } from "./request-context.ts";
import { pathOf } from "./request-path.ts";
import { KnownPaths } from "./unrouted-path.ts";
import { webhookApp } from "./webhooks/app.ts";

/** An endpoint of callers. `first` and `second`: the decoded path parameters; "" if the path has none or ends before it. */
type Endpoint = (context: RequestContext, first: string, second: string) => Promise<Response | Failure>;

/** The paths of the Stytch API; those of its browser SDKs begin with `/sdk`. */
const STYTCH_PATH = /^\/(?:sdk\/)?v1(?:\/|$)/;

/** The context has the path already: asking a request for its URL takes 2 % of a hit. */
const getPath = (request: Request, options?: { env?: RequestContext }) =>
  options?.env?.path ?? pathOf(request.url);

export function createApp(config: Config, cors: Cors | null): Hono<AppEnv> {
  // The RegExpRouter refuses `members` beside `:organization_id`; the Linear- and the PatternRouter take `/healthz/` for
  // `/healthz`.
  const app = new Hono<AppEnv>({ router: new RememberingRouter(new TrieRouter()), getPath });

  /** One handler and no middleware, so that Hono calls it without composing a chain. */
  const get = (path: string, endpoint: Endpoint, isKeyed = false, pattern = path) => {
    const [first, second] = [...pattern.matchAll(/:(\w+)/g)].map(([, name]) => name);
    app.get(path, async (c) => {
      const context = c.env;
      context.log.route(path);
      context.isKeyed = isKeyed;
      const answer = await endpoint(
        context,
        first === undefined ? "" : (c.req.param(first) ?? ""),
        second === undefined ? "" : (c.req.param(second) ?? ""),
      );
      return answer instanceof Response ? answer : await context.fail(answer);
    });
  };
  /** For answers that depend on the caller's key. */
  const keyedPaths = new Set<string>();
  const getWithKey = (path: string, endpoint: Endpoint) => {
    // An identifier that is left out is one out of bounds, not another path.
    const paths = [path, path.replace(/:\w+/, ""), path.replace(/:\w+$/, ""), path.replace(/:\w+/g, "")];
    for (const one of paths) {
      if (keyedPaths.has(one)) continue;
      keyedPaths.add(one);
      get(one, endpoint, true, path);
    }
  };

  /** The routes of a path, one for each method that it answers. The first is logged as if it had matched. */
  const noteRoutes = (c: Context<AppEnv>): RouterRoute[] => {
    const routes = ["GET", "POST", "PUT", "PATCH", "DELETE"].flatMap((method) => {
      const matched = app.router.match(method, c.req.path)[0].map(([[, route]]) => route);
      return matched.filter(isEndpoint).slice(0, 1);
    });
    const [first] = routes;
    if (first === undefined) c.env.log.unrouted(knownPaths.cut(c.req.path));
    else {
      c.env.log.route(first.path);
      c.env.isKeyed = keyedPaths.has(first.path);
    }
    return routes;
  };

  /** Answers a preflight, and refuses what else has no route: the path has other methods, or is none of Postern's. */
  const answerUnrouted = async (c: Context<AppEnv>): Promise<Response> => {
    const routes = noteRoutes(c);
    const preflight = cors?.answerPreflight(c.env.request, c.req.path);
    if (preflight) return preflight;
    const isOfStytch = STYTCH_PATH.test(c.req.path);
    if (routes.length === 0) return await c.env.fail({ type: "route_not_found", isOfStytch });
    const methods = routes.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]));
    return await c.env.fail({ type: "method_not_allowed", allow: methods.join(", "), isOfStytch });
  };

  for (const operation of CACHED_OPERATIONS) {
    getWithKey(operation.path, (context, first, second) => readCached(operation, context, first, second));
  }
  for (const operation of MEMBER_OPERATIONS) {
    getWithKey(operation.path, (context, identifier) => readMember(operation, context, identifier));
  }
  getWithKey("/whoami", whoAmI);
  getWithKey("/whoami/usage", readOwnUsage);
  get("/v1/b2b/sessions/jwks/:project_id", readJwks);
  get("/healthz", async () => Response.json({ status: "ok" }));

  const metricsTokens = [config.metricsToken, config.adminToken].filter((token) => token !== undefined);
  if (metricsTokens.length > 0) get("/metrics", (context) => readMetrics(context, metricsTokens));

  if (config.adminToken !== undefined) {
    const { adminToken, keySecret } = config;
    const credentials = { adminToken, cookies: new ConsoleCookies(keySecret, adminToken) };
    app.route("/admin", adminApp(credentials));
    app.route("/console", consoleApp(credentials));
  }
  app.route("/handover", handoverApp());
  if (config.webhookSecrets.length > 0) app.route("/webhooks", webhookApp());

  const knownPaths = new KnownPaths(app.routes.filter(isEndpoint).map(({ path }) => path));

  app.notFound(answerUnrouted);
  app.onError((error, c) => {
    // The admin API refuses a caller without its token before it looks at the path.
    if (!c.env.log.hasRoute) noteRoutes(c);
    if (error instanceof RequestError) return c.env.fail(error.failure);
    c.env.log.defect(error);
    return c.env.fail({ type: "internal_error" });
  });
  return app;
}
