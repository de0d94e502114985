/** The check in front of the admin API: the caller has to present `ADMIN_TOKEN`. */
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../app-env.ts";
import { isPreflight } from "../cors.ts";
import { type Failure, RequestError } from "../errors.ts";
import { presentsToken } from "../platform/bearer-token.ts";

/** An `OPTIONS` that is no preflight passes: no route answers it, so it is refused as on any other path. */
export const requireAdminToken = (adminToken: string) =>
  createMiddleware<AppEnv>(async (c, next) => {
    if (c.req.method === "OPTIONS" && !isPreflight(c.env.request)) return await next();
    const failure = await checkAdminToken(adminToken, c.env.request.headers.get("Authorization"));
    if (failure !== null) throw new RequestError(failure);
    await next();
  });

/** Returns why the caller may not use the admin API, or null. No I/O. */
export async function checkAdminToken(
  adminToken: string,
  authorization: string | null,
): Promise<Failure | null> {
  return (await presentsToken([adminToken], authorization))
    ? null
    : { type: "invalid_admin_token", presented: authorization !== null };
}
