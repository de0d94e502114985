/** Adds a purge to the list of the Directory, which makes it hold in every isolate within `LEASE_SECONDS`. */
import type { EventOrigin } from "../../directory/audit-event.ts";
import { getDirectory } from "../../directory/directory-client.ts";
import { describeError, log } from "../../log.ts";
import { withTimeout } from "../../platform/timeout.ts";
import { spellingsOf } from "../../stytch/identifier.ts";
import type { CachePurge } from "./purge-list.ts";

const LIST_TIMEOUT_MS = 5_000;

/**
 * Returns the sequence number of the purge. Rejects if the Directory fails or takes longer than 5 s. `event` goes to
 * the audit log; null for a purge that no operator or webhook asked for.
 */
export async function recordPurge(
  env: Env,
  names: readonly string[],
  event: EventOrigin | null,
): Promise<number> {
  return await withTimeout(LIST_TIMEOUT_MS, getDirectory(env).purge(names, event));
}

/**
 * Adds a purge that the cache itself asks for, and calls `observe` with it. Never rejects: if the
 * Directory fails, isolates go on serving what they hold under this name until it expires, and the log says so.
 */
export async function recordPurgeByCache(
  env: Env,
  name: string,
  observe: (purge: CachePurge) => void,
): Promise<void> {
  try {
    observe(await withTimeout(LIST_TIMEOUT_MS, getDirectory(env).purgeByCache(spellingsOf(name))));
  } catch (error) {
    log({ degraded: ["directory"], defect: describeError(error) });
  }
}
