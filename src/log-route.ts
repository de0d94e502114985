/** Notes the route of a request in its log entry: for sub-apps, whose requests are never hits. */
import { createMiddleware } from "hono/factory";
import { matchedRoutes } from "hono/route";
import type { AppEnv } from "./app-env.ts";

export const logRoute = createMiddleware<AppEnv>(async (c, next) => {
  // Middleware is registered for all methods, handlers for one.
  const route = matchedRoutes(c).find(({ method }) => method !== "ALL");
  if (route !== undefined) c.env.log.route(route.path);
  await next();
});
