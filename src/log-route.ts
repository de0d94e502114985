/** Notes the route of a request in its log entry: for sub-apps, whose requests are never hits. */
import { createMiddleware } from "hono/factory";
import { matchedRoutes } from "hono/route";
import type { RouterRoute } from "hono/types";
import type { AppEnv } from "./app-env.ts";

/** True for a route that answers, as opposed to middleware: that is registered for all methods or below a path. */
export const isEndpoint = ({ method, path }: RouterRoute) => method !== "ALL" && !path.endsWith("*");

export const logRoute = createMiddleware<AppEnv>(async (c, next) => {
  const route = matchedRoutes(c).find(isEndpoint);
  if (route !== undefined) c.env.log.route(route.path);
  await next();
});
