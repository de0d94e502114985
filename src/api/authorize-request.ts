/** How every read of a caller begins: who calls, from which address, and whether its rate limit admits the call. */
import type { Access } from "../keys/access.ts";
import { authenticate } from "../keys/authenticate.ts";
import { checkAddress, checkKey } from "../keys/authorize.ts";
import { readCredential } from "../keys/credential.ts";
import { createLeaseSource, KeyTokenSource } from "../keys/key-object-client.ts";
import type { KeyRecord } from "../keys/record.ts";
import { knownQuota, takeToken } from "../limits/take-token.ts";
import type { RequestContext } from "../request-context.ts";
import { failed, type Result, success } from "../result.ts";
import { authenticateSession, type SessionCaller } from "../sessions/authenticate-session.ts";
import { countSessionCall } from "../sessions/read-session-policy.ts";
import { accessOf } from "../sessions/verified-sessions.ts";

/**
 * Returns what the caller's key or session may do. Every authenticated call takes a token and is counted, whatever its
 * outcome. The exception is a call from an address that the key does not allow: a thief cannot use up the limit of the
 * key. Never throws. `onLeaseMiss` is called if the key's object has to be asked before the call is let in, with the
 * record as this isolate knew it last.
 */
export async function authorizeRequest(
  context: RequestContext,
  onLeaseMiss?: (known: KeyRecord | null) => void,
): Promise<Result<Access>> {
  const { keys } = context.state;
  const credential = readCredential(context.request.headers.get("Authorization"));
  if (credential.kind === "session") {
    const session = authenticateSession(context, credential.token);
    return admitSession(context, session instanceof Promise ? await session : session);
  }
  const authenticated = await authenticate(context, credential, true, onLeaseMiss);
  if (!authenticated.ok) return authenticated;
  const caller = authenticated.value;
  const { record, generation } = caller;
  const { key_id: keyId, rate_limit: limit } = record;
  const addressFailure = checkAddress(record, context.request.headers);
  if (addressFailure !== null) {
    context.quota = limit === null ? null : knownQuota(keys.tokenPools, keyId, limit);
    return failed(addressFailure);
  }
  // A decision that needs no I/O, which most are, costs no microtask.
  const taken = limit === null ? null : takeToken(new KeyTokenSource(context, keys, keyId, limit), caller);
  const token = taken instanceof Promise ? await taken : taken;
  context.quota = token?.quota ?? null;
  countCall(context, keyId, token?.granted ?? true);
  if (token?.granted === false) {
    const retryAfterSeconds = token.quota.resetSeconds;
    return failed({ type: "too_many_requests", limited: "key", retryAfterSeconds });
  }
  // The call may have waited for its token, and the key may have been revoked meanwhile.
  const latest = keys.leases.latestRecord(keyId) ?? record;
  const failure = latest === record ? null : checkKey(latest, generation, Date.now());
  return failure === null ? success(record) : failed(failure);
}

/** Takes a token of the member's limit, which is in this isolate alone. No I/O. */
function admitSession(context: RequestContext, authenticated: Result<SessionCaller>): Result<Access> {
  if (!authenticated.ok) return authenticated;
  const { verified, policy } = authenticated.value;
  const limit = policy.rate_limit;
  const taken =
    limit === null ? null : context.state.sessions.limits.take(verified.session.memberId, limit, Date.now());
  context.quota = taken?.quota ?? null;
  countSessionCall(context, taken?.granted ?? true);
  if (taken === null || taken.granted) return success(accessOf(verified, policy));
  const retryAfterSeconds = taken.quota.resetSeconds;
  return failed({ type: "too_many_requests", limited: "member", retryAfterSeconds });
}

/** Counts the call, and in the background reports the usage of a key whose traffic has moved to another isolate. */
function countCall(context: RequestContext, keyId: string, admitted: boolean): void {
  const { keys } = context.state;
  const now = Date.now();
  keys.pendingUsage.count(keyId, now, admitted);
  const stalest = keys.pendingUsage.stalestKey(now);
  // If the report fails, the key will be the stalest again.
  if (stalest !== null) keys.leases.renewInBackground(stalest, now, createLeaseSource(context, keys, null));
}
