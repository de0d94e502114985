/** GET /whoami: what a caller may know of its own key or session. It takes no token. In usage, only refusals of it are counted. */
import type { Failure } from "../errors.ts";
import { authenticate } from "../keys/authenticate.ts";
import { checkAddress } from "../keys/authorize.ts";
import { type KeyCredential, readCredential } from "../keys/credential.ts";
import type { KeyIdentity } from "../keys/key-answers.ts";
import { KeyTokenSource } from "../keys/key-object-client.ts";
import { toPublicRecord } from "../keys/record.ts";
import { fetchQuota, knownQuota } from "../limits/take-token.ts";
import type { RequestContext } from "../request-context.ts";
import { authenticateSession } from "../sessions/authenticate-session.ts";
import type { SessionIdentity } from "../sessions/session-answers.ts";

const HEADERS = { Vary: "Authorization" };

export async function whoAmI(context: RequestContext): Promise<Response | Failure> {
  const credential = readCredential(context.request.headers.get("Authorization"));
  return credential.kind === "session"
    ? await describeSession(context, credential.token)
    : await describeKey(context, credential);
}

async function describeKey(context: RequestContext, credential: KeyCredential): Promise<Response | Failure> {
  const { keys } = context.state;
  const authenticated = await authenticate(context, credential, false);
  if (!authenticated.ok) return authenticated.failure;
  const caller = authenticated.value;
  const addressFailure = checkAddress(caller.record, context.request.headers);
  const { key_id: keyId, rate_limit: limit } = caller.record;
  if (limit !== null) {
    context.quota =
      addressFailure === null && !caller.grace
        ? await fetchQuota(new KeyTokenSource(context, keys, keyId, limit))
        : knownQuota(keys.tokenPools, keyId, limit);
  }
  if (addressFailure !== null) return addressFailure;
  // The name is what the operator calls the caller.
  const { name: _, ...record } = toPublicRecord(caller.record, Date.now());
  const body: KeyIdentity = { ...record, rate_limit_remaining: context.quota?.remaining ?? null };
  return Response.json(body, { headers: HEADERS });
}

async function describeSession(context: RequestContext, token: string): Promise<Response | Failure> {
  const authenticated = await authenticateSession(context, token);
  if (!authenticated.ok) return authenticated.failure;
  const { verified, policy } = authenticated.value;
  const { organizationId, memberId, expiresAt } = verified.session;
  const limit = policy.rate_limit;
  if (limit !== null) context.quota = context.state.sessions.limits.quota(memberId, limit, Date.now());
  const body: SessionIdentity = {
    kind: "session",
    organization_id: organizationId,
    member_id: memberId,
    expires_at: new Date(expiresAt * 1_000).toISOString().replace(".000Z", "Z"),
    scopes: policy.scopes,
    fields: policy.fields,
  };
  return Response.json(body, { headers: HEADERS });
}
