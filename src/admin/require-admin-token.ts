/** Who may use the admin API: whoever holds `ADMIN_TOKEN`. */
import type { Failure } from "../errors.ts";

/**
 * Why the caller may not, or null. Where no token is set there is no admin API. Both tokens are hashed before they are compared,
 * so that the time taken tells neither the token's characters nor its length.
 */
export async function checkAdminToken(
  adminToken: string | undefined,
  authorization: string | null,
): Promise<Failure | null> {
  if (adminToken === undefined) return { type: "route_not_found" };
  const presented = /^bearer +(\S+)$/i.exec(authorization?.trim() ?? "")?.[1];
  const [expected, actual] = await Promise.all([digest(adminToken), digest(presented ?? "")]);
  if (presented !== undefined && crypto.subtle.timingSafeEqual(expected, actual)) return null;
  return { type: "invalid_admin_token", presented: authorization !== null };
}

async function digest(text: string): Promise<ArrayBuffer> {
  return await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
