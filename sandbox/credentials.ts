/** HTTP Basic authentication (RFC 7617) with a project ID and its secret, as Stytch checks it. */

import { createMiddleware } from "hono/factory";
import { createError } from "./responses.ts";

export interface Credentials {
  STYTCH_PROJECT_ID: string;
  STYTCH_SECRET: string;
}

export interface SandboxEnv {
  Bindings: Credentials;
}

/** Responds 400 to another project before it looks at the secret, as Stytch does, and 401 to a wrong secret. */
export const requireCredentials = createMiddleware<SandboxEnv>(async (c, next) => {
  const basic = parseBasic(c.req.header("authorization"));
  if (basic !== undefined && basic.project !== c.env.STYTCH_PROJECT_ID) {
    return createError(
      400,
      "invalid_project_id_authentication",
      "The project ID provided in the basic authentication header is invalid. Please check to make sure the format is correct and there are no trailing whitespaces.",
    );
  }
  if (basic === undefined || basic.secret !== c.env.STYTCH_SECRET) {
    return createError(401, "unauthorized_credentials", "Unauthorized credentials.", {
      "www-authenticate": 'Basic realm="stytch"',
    });
  }
  return await next();
});

function parseBasic(authorization: string | undefined) {
  const decoded = decodeBasic(authorization);
  const colon = decoded?.indexOf(":") ?? -1;
  if (decoded === undefined || colon < 0) return undefined;
  return { project: decoded.slice(0, colon), secret: decoded.slice(colon + 1) };
}

/** Decodes the token of an `Authorization: Basic` header; undefined if it is absent or not base64. */
export function decodeBasic(authorization: string | undefined): string | undefined {
  const encoded = /^Basic +(\S+)$/i.exec(authorization ?? "")?.[1];
  try {
    return encoded === undefined ? undefined : atob(encoded);
  } catch {
    return undefined;
  }
}
