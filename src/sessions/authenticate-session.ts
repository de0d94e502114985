/**
 * Authentication of a member's session. The order:
 *
 *   form of the token → session policy, revocations → signature and claims, unless this isolate has verified the token
 *   before → end, age, impersonation, revocations
 *
 * A token that is no session costs a signature check at most. Without a policy, none is looked at.
 */
import type { Failure } from "../errors.ts";
import type { JwksSet } from "../jwks/jwks-set.ts";
import { readPublicKeys, readPublicKeysFor } from "../jwks/read-keys.ts";
import { inSpan } from "../platform/span.ts";
import type { RequestContext } from "../request-context.ts";
import { failed, type Result, success } from "../result.ts";
import { readSessionPolicy } from "./read-session-policy.ts";
import { isRevoked } from "./revocations.ts";
import type { SessionPolicy } from "./session-policy.ts";
import type { VerifiedSession } from "./verified-sessions.ts";
import {
  CLOCK_TOLERANCE_SECONDS,
  isSessionToken,
  kidOf,
  type Session,
  type SessionProblem,
  verifySession,
} from "./verify-session.ts";

export interface SessionCaller {
  readonly verified: VerifiedSession;
  readonly policy: SessionPolicy;
}

const INVALID = failed({ type: "invalid_session" } as const);

/**
 * Returns a plain value, not a promise, and makes no I/O, if the isolate has verified the token before and knows the
 * current policy and revocations. Never rejects.
 */
export function authenticateSession(
  context: RequestContext,
  token: string,
): Result<SessionCaller> | Promise<Result<SessionCaller>> {
  const verified = context.state.sessions.verified.get(token);
  if (verified === undefined) return authenticateFirst(context, token);
  const policy = readSessionPolicy(context);
  return policy instanceof Promise
    ? policy.then((settled) => checkVerified(context, token, verified, settled))
    : checkVerified(context, token, verified, policy);
}

/** Authenticates a session whose token this isolate has not seen before. */
async function authenticateFirst(context: RequestContext, token: string): Promise<Result<SessionCaller>> {
  if (!isSessionToken(token)) return INVALID;
  const policy = await readSessionPolicy(context);
  if (!policy.ok) return policy;
  if (policy.value === null) return INVALID;
  const startedAt = Date.now();
  const outcome = await inSpan("key", async () => await verifyToken(context, token));
  context.time("key", Date.now() - startedAt);
  if (!outcome.ok) return outcome;
  const verified = context.state.sessions.verified.add(token, outcome.value);
  // To wait for the keys may have taken long, so the policy is read again.
  return checkVerified(context, token, verified, await readSessionPolicy(context));
}

function checkVerified(
  context: RequestContext,
  token: string,
  verified: VerifiedSession,
  policy: Result<SessionPolicy | null>,
): Result<SessionCaller> {
  if (!policy.ok) return policy;
  if (policy.value === null) return INVALID;
  context.log.session();
  const { session } = verified;
  const now = Date.now();
  if (hasEnded(session, now)) context.state.sessions.verified.delete(token);
  const failure = checkSession(session, policy.value, now);
  if (failure !== null) return failed(failure);
  return isRevoked(context.state, session)
    ? failed({ type: "revoked_session" })
    : success({ verified, policy: policy.value });
}

const hasEnded = ({ expiresAt }: Session, now: number) => now / 1_000 >= expiresAt + CLOCK_TOLERANCE_SECONDS;

/** Why the policy refuses a genuine session; null if it does not. `now`: ms since the epoch. */
function checkSession(session: Session, policy: SessionPolicy, now: number): Failure | null {
  const age = Math.floor(now / 1_000) - session.issuedAt;
  if (hasEnded(session, now) || age > policy.max_age_seconds) return { type: "expired_session" };
  return session.isImpersonated && !policy.allow_impersonation ? { type: "invalid_session" } : null;
}

async function verifyToken(context: RequestContext, token: string): Promise<Result<Session>> {
  const kid = kidOf(token);
  if (kid === null) return INVALID;
  const read = await readPublicKeys(context, kid);
  // Whatever the reason is, it says nothing of the session.
  if (!read.ok) return failed({ type: "upstream_unavailable" });
  let outcome = await verifyWith(context, token, read.value);
  if (!outcome.ok && outcome.failure === "unknown_kid") {
    const newer = await readPublicKeysFor(context, kid, read.value);
    if (newer !== read.value) outcome = await verifyWith(context, token, newer);
  }
  if (outcome.ok) return outcome;
  return outcome.failure === "expired_session" ? failed({ type: "expired_session" }) : INVALID;
}

async function verifyWith(
  { config, state }: RequestContext,
  token: string,
  set: JwksSet,
): Promise<Result<Session, SessionProblem>> {
  const expected = { projectId: config.stytch.projectId, issuers: config.jwtIssuers };
  return await verifySession(token, state.sessions.keys.of(set), expected, Date.now());
}
