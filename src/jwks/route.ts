/**
 * GET /v1/b2b/sessions/jwks/{project_id}: the public keys that the Go and Java SDKs fetch as they start. No key is
 * needed.
 */
import type { Failure } from "../errors.ts";
import type { RequestContext } from "../request-context.ts";
import { jwksMaxAge } from "./jwks-set.ts";
import { readPublicKeys } from "./read-keys.ts";

export async function readJwks(context: RequestContext, projectId: string): Promise<Response | Failure> {
  if (projectId !== context.config.stytch.projectId) return { type: "route_not_found" };
  const read = await readPublicKeys(context);
  if (!read.ok) return read.failure;
  return new Response(read.value.body, {
    headers: {
      "Content-Type": "application/json",
      "Cache-Control": `public, max-age=${jwksMaxAge(read.value, Date.now())}`,
    },
  });
}
