/** Who makes an admin call: whoever presents `ADMIN_TOKEN`, has signed in to the console with it, or comes by Cloudflare Access. */
import { readAccessIdentity } from "../console/access-identity.ts";
import type { ConsoleCookies } from "../console/console-cookie.ts";
import { checkSameOrigin } from "../console/fetch-site.ts";
import { TOKEN_ACTOR } from "../directory/audit-event.ts";
import type { Failure } from "../errors.ts";
import { presentsToken } from "../platform/bearer-token.ts";
import type { RequestContext } from "../request-context.ts";
import { failed, type Result, success } from "../result.ts";

/** What proves an operator. */
export interface OperatorCredentials {
  readonly adminToken: string;
  readonly cookies: ConsoleCookies;
}

export interface Operator {
  /** The name in the audit log: an e-mail address if Cloudflare Access knows it. */
  readonly actor: string;
  /** When the cookie ends, ms since the epoch; null if it is not by a cookie. */
  readonly expiresAt: number | null;
}

/**
 * The `Authorization` header decides if there is one. Otherwise a browser has added what proves the operator, so the
 * request has to come from the console's own origin. Only Access may cost I/O. Never throws.
 */
export async function authenticateOperator(
  context: RequestContext,
  { adminToken, cookies }: OperatorCredentials,
): Promise<Result<Operator>> {
  const { request } = context;
  const authorization = request.headers.get("Authorization");
  if (authorization !== null) {
    const failure = await checkAdminToken(adminToken, authorization);
    return failure === null ? success({ actor: TOKEN_ACTOR, expiresAt: null }) : failed(failure);
  }
  const operator = await identifyBrowser(context, cookies);
  if (!operator.ok) return operator;
  const failure = checkSameOrigin(request);
  return failure === null ? operator : failed(failure);
}

/** A person that Access names goes before a cookie, so that the audit log has the name. */
async function identifyBrowser(context: RequestContext, cookies: ConsoleCookies): Promise<Result<Operator>> {
  const identity = await readAccessIdentity(context.access, context.config.accessAud);
  if (identity.kind === "person") return success({ actor: identity.email, expiresAt: null });
  const cookie = await cookies.verify(context.request.headers.get("Cookie"), Date.now());
  if (cookie.kind === "valid") return success({ actor: TOKEN_ACTOR, expiresAt: cookie.expiresAt });
  if (identity.kind === "unavailable") return failed({ type: "identity_unavailable" });
  const presented = cookie.kind === "invalid" || identity.kind === "nameless";
  return failed({ type: "invalid_admin_token", presented });
}

/** Returns why the caller may not use the admin API by this header, or null. No I/O. */
export async function checkAdminToken(
  adminToken: string,
  authorization: string | null,
): Promise<Failure | null> {
  return (await presentsToken([adminToken], authorization))
    ? null
    : { type: "invalid_admin_token", presented: authorization !== null };
}
