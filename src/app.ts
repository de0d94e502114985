/** The routes, and nothing else. What is not configured is not mounted. */
import { Hono } from "hono";
import { TrieRouter } from "hono/router/trie-router";
import { adminApp } from "./admin/app.ts";
import { readMember } from "./api/members.ts";
import { readOrganization } from "./api/organizations.ts";
import { whoAmI } from "./api/whoami.ts";
import type { AppEnv } from "./app-env.ts";
import type { Config } from "./config.ts";
import type { Cors } from "./cors.ts";
import { type Failure, RequestError } from "./errors.ts";
import { readJwks } from "./jwks/route.ts";
import type { RequestContext } from "./request-context.ts";
import { pathOf } from "./request-path.ts";
import { webhookApp } from "./webhooks/app.ts";

/** An endpoint of callers. `identifier`: the decoded path parameter; "" if the path ends before it. */
type Endpoint = (context: RequestContext, identifier: string) => Promise<Response | Failure>;

export function createApp(config: Config, cors: Cors | null): Hono<AppEnv> {
  // The RegExpRouter refuses `members` beside `:organization_id`; the Linear- and the PatternRouter take `/healthz/` for
  // `/healthz`.
  const app = new Hono<AppEnv>({ router: new TrieRouter(), getPath: (request) => pathOf(request.url) });
  if (cors !== null) app.options("*", cors.preflight);

  /** One handler and no middleware, so that Hono calls it without composing a chain. */
  const get = (path: string, endpoint: Endpoint, vary?: string) => {
    const parameter = /:(\w+)$/.exec(path)?.[1];
    app.get(path, async (c) => {
      const context = c.env;
      context.log.route(path);
      const answer = await endpoint(context, parameter === undefined ? "" : (c.req.param(parameter) ?? ""));
      if (answer instanceof Response) return answer;
      const response = await context.fail(answer);
      if (vary !== undefined) response.headers.set("Vary", vary);
      return response;
    });
  };
  get("/v1/b2b/organizations/:organization_id", readOrganization, "Authorization");
  get("/v1/b2b/organizations/members/dangerously_get/:member_id", readMember, "Authorization");
  // An identifier that is left out is one out of bounds, not another path.
  get("/v1/b2b/organizations/", readOrganization, "Authorization");
  get("/v1/b2b/organizations/members/dangerously_get/", readMember, "Authorization");
  get("/whoami", whoAmI, "Authorization");
  get("/v1/b2b/sessions/jwks/:project_id", readJwks);
  get("/healthz", async () => Response.json({ status: "ok" }));

  if (config.adminToken !== undefined) app.route("/admin", adminApp(config.adminToken));
  if (config.webhookSecrets.length > 0) app.route("/webhooks", webhookApp());

  app.notFound((c) => {
    const allow = allowedMethods(app, c.req.path);
    return c.env.fail(allow === null ? { type: "route_not_found" } : { type: "method_not_allowed", allow });
  });
  app.onError((error, c) => {
    if (error instanceof RequestError) return c.env.fail(error.failure);
    c.env.log.defect(error);
    return c.env.fail({ type: "internal_error" });
  });
  return app;
}

/** The value of `Allow` if a path answers other methods than the one that was asked for; null if it is no route. */
function allowedMethods(app: Hono<AppEnv>, path: string): string | null {
  const methods = ["GET", "POST", "PATCH", "DELETE"].filter((method) =>
    // Middleware is registered for all methods, handlers for one.
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
  if (methods.length === 0) return null;
  return methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ");
}
