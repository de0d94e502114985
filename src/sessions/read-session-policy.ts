/**
 * The session policy as an isolate knows it. It and the revocations come from the Directory together with the purges,
 * on a lease of `LEASE_SECONDS`, so that a session which this isolate has verified before costs no I/O. When the
 * Directory is asked: `PurgeSync.ensureCurrent`.
 */
import type { ListStatus } from "../cache/purge/purge-sync.ts";
import type { RequestContext } from "../request-context.ts";
import { failed, type Result } from "../result.ts";
import type { SessionPolicy } from "./session-policy.ts";

type PolicyContext = Pick<RequestContext, "config" | "waitUntil"> & {
  readonly state: Pick<RequestContext["state"], "purgeSync" | "sessions">;
  readonly log: Pick<RequestContext["log"], "degraded">;
};

/**
 * Returns the session policy; null if none is set, so that every session is refused. A plain value, not a promise, if
 * the isolate's copy is valid: no I/O. Fails with `key_service_unavailable` if nobody can tell what the policy is.
 *
 * Afterwards `isRevoked` knows every revocation that must be in force. Both are as old as `LEASE_SECONDS` at most,
 * or `LEASE_GRACE_SECONDS` more while the Directory fails. Never rejects.
 */
export function readSessionPolicy(
  context: PolicyContext,
): Result<SessionPolicy | null> | Promise<Result<SessionPolicy | null>> {
  const graceMs = context.config.leaseGraceSeconds * 1_000;
  const status = context.state.purgeSync.ensureCurrent(graceMs, context.waitUntil);
  return status instanceof Promise
    ? status.then((settled) => policyFor(context, settled))
    : policyFor(context, status);
}

function policyFor({ state, log }: PolicyContext, status: ListStatus): Result<SessionPolicy | null> {
  if (status !== "current") log.degraded("directory");
  return status === "outdated" ? failed({ type: "key_service_unavailable" }) : state.sessions.policy;
}

/** Counts one call of a session: admitted, or refused by the limit of its member. No I/O: isolates report with their next sync. */
export function countSessionCall({ state }: Pick<PolicyContext, "state">, admitted: boolean): void {
  state.sessions.countCall(Date.now(), admitted);
}
