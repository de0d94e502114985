/** Purges: who asks for one, and what makes it hold everywhere. */

import type { PurgeEvent } from "../../directory/directory.ts";
import { getDirectory } from "../../directory/directory-client.ts";
import type { Failure } from "../../errors.ts";
import { callWithRetry } from "../../platform/durable-object.ts";
import { withTimeout } from "../../platform/timeout.ts";
import type { RequestContext } from "../../request-context.ts";
import { isCanonicalId } from "../../stytch/identifier.ts";
import { addPurge } from "./purge-list.ts";

/** The longest that a purge waits for the Directory, and then for the organization's objects, in ms. */
const LIST_TIMEOUT_MS = 5_000;
const OBJECT_TIMEOUT_MS = 2_000;

/**
 * Ends what is cached under these names, everywhere within `LEASE_SECONDS` of the return: that is the Directory's list, without which there
 * is no purge. The objects are told as well, to end what they hold, ask Stytch for and have stored; where one cannot be told, the list
 * does for what it answers. Null where it is done.
 */
export async function purgeIdentifiers(
  context: RequestContext,
  given: readonly string[],
  detail: PurgeEvent["detail"],
): Promise<Failure | null> {
  // The digits of a UUID have no case; entries bear IDs as Stytch writes them.
  const names = given.map((name) => (isCanonicalId(name) ? name.toLowerCase() : name));
  let sequence: number;
  try {
    sequence = await withTimeout(LIST_TIMEOUT_MS, getDirectory(context.env).purge(names, detail));
  } catch {
    context.log.degraded("directory");
    return { type: "purge_unavailable" };
  }
  for (const name of names) addPurge(context.state.purges, { name, sequence });
  const told = names.map((name) =>
    callWithRetry(
      () => context.env.ORGANIZATION.getByName(name, { locationHint: context.config.upstreamRegion }),
      async (object) => await object.purge(name, sequence),
      OBJECT_TIMEOUT_MS,
    ),
  );
  const outcomes = await Promise.allSettled(told);
  if (outcomes.some(({ status }) => status === "rejected")) context.log.degraded("organization_object");
  return null;
}
