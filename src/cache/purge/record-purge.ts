/** Adds a purge to the list of the Directory, which makes it hold in every isolate within `LEASE_SECONDS`. */
import type { EventOrigin } from "../../directory/audit-event.ts";
import { getDirectory } from "../../directory/directory-client.ts";
import { requireIsolateState } from "../../isolate-state.ts";
import { countingLogDegraded } from "../../metrics/count-degraded.ts";
import { callWithRetry } from "../../platform/durable-object.ts";
import { spellingsOf } from "../../stytch/identifier.ts";
import type { CachePurge } from "./purge-list.ts";

const LIST_TIMEOUT_MS = 5_000;

/**
 * Returns the sequence number of the purge. Rejects if the Directory fails or takes longer than 5 s. `event` goes to
 * the audit log; null for a purge that no operator or webhook asked for.
 *
 * If the Directory is reset meanwhile, the purge is listed again: twice is harmless, and the audit may show it twice.
 */
export async function recordPurge(
  env: Env,
  names: readonly string[],
  event: EventOrigin | null,
): Promise<number> {
  return await callWithRetry(
    () => getDirectory(env),
    async (directory) => await directory.purge(names, event),
    LIST_TIMEOUT_MS,
  );
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
    const purge = await callWithRetry(
      () => getDirectory(env),
      async (directory) => await directory.purgeByCache(spellingsOf(name)),
      LIST_TIMEOUT_MS,
    );
    observe(purge);
    requireIsolateState(env).metrics.purge("cache");
  } catch (error) {
    countingLogDegraded(env)("directory", error);
  }
}
