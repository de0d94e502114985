/** The isolate's copy of the session policy and of the revocations, which must be fresh before a session is served. */
import type { RequestContext } from "../request-context.ts";
import type { Result } from "../result.ts";
import type { SessionPolicy } from "./session-policy.ts";

/**
 * Returns the session policy; null if none is set, so that every session is refused. A plain value, not a promise, if
 * the isolate's copy is valid: no I/O. Fails with `key_service_unavailable` if nobody can tell what the policy is.
 *
 * Afterwards `isRevoked` knows every revocation that must be in force. Both are as old as `LEASE_SECONDS` at most,
 * or `LEASE_GRACE_SECONDS` more while the Directory fails. Never rejects.
 */
export function readSessionPolicy(
  _context: RequestContext,
): Result<SessionPolicy | null> | Promise<Result<SessionPolicy | null>> {
  throw new Error("not implemented");
}

/** Counts one call of a session: admitted, or refused by the limit of its member. No I/O: the count goes along with the next sync. */
export function countSessionCall(_context: RequestContext, _admitted: boolean): void {
  throw new Error("not implemented");
}
