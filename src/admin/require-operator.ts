/** The check in front of the admin API. Sets `actor`. */
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../app-env.ts";
import { isPreflight } from "../cors.ts";
import { RequestError } from "../errors.ts";
import { authenticateOperator, type OperatorCredentials } from "./operator.ts";

/** An `OPTIONS` that is no preflight passes: no route answers it, so it is refused as on any other path. */
export const requireOperator = (credentials: OperatorCredentials) =>
  createMiddleware<AppEnv>(async (c, next) => {
    if (c.req.method === "OPTIONS" && !isPreflight(c.env.request)) return await next();
    const operator = await authenticateOperator(c.env, credentials);
    if (!operator.ok) throw new RequestError(operator.failure);
    c.set("actor", operator.value.actor);
    await next();
  });
