/** Purges: who asks for one, and what makes it hold everywhere. */

import type { PurgeEvent } from "../../directory/directory.ts";
import type { Failure } from "../../errors.ts";
import { callObject, directoryOf } from "../../platform/durable-object.ts";
import { within } from "../../platform/timeout.ts";
import { type Call, noteDegraded } from "../../request-context.ts";
import { isCanonicalId } from "../../stytch/canonical-id.ts";
import { notePurge, type Purges } from "./purge-list.ts";

/** The longest that a purge waits for the Directory, and then for the organization's objects, in ms. */
const DIRECTORY_WAIT_MS = 5_000;
const OBJECT_WAIT_MS = 2_000;

/**
 * Ends what is cached under these names, everywhere within `LEASE_SECONDS` of the return: that is the Directory's list, without which there
 * is no purge. The objects are told as well, to end what they hold, ask Stytch for and have stored; where one cannot be told, the list
 * does for what it answers. Null where it is done.
 */
export async function purgeNames(
  call: Call,
  purges: Purges,
  given: readonly string[],
  detail: PurgeEvent["detail"],
): Promise<Failure | null> {
  // The digits of a UUID have no case; entries bear IDs as Stytch writes them.
  const names = given.map((name) => (isCanonicalId(name) ? name.toLowerCase() : name));
  let number: number;
  try {
    number = await within(DIRECTORY_WAIT_MS, directoryOf(call.env).purge(names, detail));
  } catch {
    noteDegraded(call, "directory");
    return { type: "purge_unavailable" };
  }
  for (const name of names) notePurge(purges, { name, number });
  const told = names.map((name) =>
    callObject(
      () => call.env.ORGANIZATION.getByName(name, { locationHint: call.config.upstreamRegion }),
      async (object) => await object.purge(name, number),
      OBJECT_WAIT_MS,
    ),
  );
  const outcomes = await Promise.allSettled(told);
  if (outcomes.some(({ status }) => status === "rejected")) noteDegraded(call, "organization_object");
  return null;
}
