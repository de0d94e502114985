/** Revocations that an operator or a webhook asks for. */
import type { EventOrigin } from "../directory/audit-event.ts";
import type { RevocationOrder } from "../directory/directory.ts";
import { getDirectory } from "../directory/directory-client.ts";
import type { Failure } from "../errors.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import type { RequestContext } from "../request-context.ts";

const REVOCATION_TIMEOUT_MS = 5_000;

interface RevocationContext extends Pick<RequestContext, "env" | "config"> {
  readonly state: Pick<RequestContext["state"], "sessions">;
  readonly log: Pick<RequestContext["log"], "degraded">;
}

/**
 * Ends the tokens that `order` names, everywhere within `LEASE_SECONDS` of the return, and in this isolate at once.
 * Returns null, or a failure if the Directory does not confirm it. Then nobody knows whether it was made, and it is to be
 * made again: a revocation may be repeated, and then ends tokens up to the later moment.
 */
export async function revokeSessions(
  { env, config, state, log }: RevocationContext,
  order: RevocationOrder,
  event: Pick<EventOrigin, "actor" | "detail">,
): Promise<Failure | null> {
  const origin: EventOrigin = { project_id: config.stytch.projectId, ...event };
  try {
    const revocations = await callWithRetry(
      () => getDirectory(env),
      async (directory) => await directory.revokeSessions(order, origin),
      REVOCATION_TIMEOUT_MS,
    );
    for (const revocation of revocations) state.sessions.revocations.add(revocation);
    return null;
  } catch {
    log.degraded("directory");
    return { type: "directory_unavailable", isChangeUnknown: true };
  }
}
