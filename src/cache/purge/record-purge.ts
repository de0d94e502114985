/** Adds a purge to the list of the Directory, which makes it hold in every isolate within `LEASE_SECONDS`. */
import type { PurgeOrigin } from "../../directory/directory.ts";
import { getDirectory } from "../../directory/directory-client.ts";
import { withTimeout } from "../../platform/timeout.ts";

const LIST_TIMEOUT_MS = 5_000;

/**
 * Returns the sequence number of the purge. Rejects if the Directory fails or takes longer than 5 s. `event` goes to
 * the audit log; null for a purge that no operator or webhook asked for.
 */
export async function recordPurge(
  env: Env,
  names: readonly string[],
  event: PurgeOrigin | null,
): Promise<number> {
  return await withTimeout(LIST_TIMEOUT_MS, getDirectory(env).purge(names, event));
}
