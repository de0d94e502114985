/** The check in front of the admin API: the caller has to present `ADMIN_TOKEN`. */
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../app-env.ts";
import { isPreflight } from "../cors.ts";
import { type Failure, RequestError } from "../errors.ts";

/** An `OPTIONS` that is no preflight passes: no route answers it, so it is refused as on any other path. */
export const requireAdminToken = (adminToken: string) =>
  createMiddleware<AppEnv>(async (c, next) => {
    if (c.req.method === "OPTIONS" && !isPreflight(c.env.request)) return await next();
    const failure = await checkAdminToken(adminToken, c.env.request.headers.get("Authorization"));
    if (failure !== null) throw new RequestError(failure);
    await next();
  });

/**
 * Returns why the caller may not use the admin API, or null. Both tokens are hashed before they are compared, so that
 * the time taken reveals neither the characters of the token nor its length. No I/O.
 */
export async function checkAdminToken(
  adminToken: string,
  authorization: string | null,
): Promise<Failure | null> {
  const presented = /^bearer +(\S+)$/i.exec(authorization?.trim() ?? "")?.[1];
  const [expected, actual] = await Promise.all([digest(adminToken), digest(presented ?? "")]);
  if (presented !== undefined && crypto.subtle.timingSafeEqual(expected, actual)) return null;
  return { type: "invalid_admin_token", presented: authorization !== null };
}

async function digest(text: string): Promise<ArrayBuffer> {
  return await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
