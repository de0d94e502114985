/** Purges that an operator or a webhook asks for. */

import type { PurgeEvent } from "../../directory/directory.ts";
import type { Failure } from "../../errors.ts";
import { callWithRetry } from "../../platform/durable-object.ts";
import { spellingsOf } from "../../stytch/identifier.ts";
import type { CacheContext } from "../cache-context.ts";
import { recordPurge } from "./record-purge.ts";

/** How long a purge waits for the Organization objects. */
const OBJECT_TIMEOUT_MS = 2_000;

/**
 * Ends what is cached under these names, everywhere within `LEASE_SECONDS` of the return. Returns null, or a failure if
 * the Directory could not list the purge: then nothing is purged.
 *
 * The objects are told as well, so that they forget what they hold, clear KV and repeat a request in flight. If one
 * cannot be told, the purge holds all the same: isolates check what it answers against the list.
 */
export async function purgeIdentifiers(
  {
    env,
    config,
    state,
    log,
  }: Pick<CacheContext, "env" | "config" | "log"> & {
    readonly state: Pick<CacheContext["state"], "purges">;
  },
  identifiers: readonly string[],
  detail: PurgeEvent["detail"],
): Promise<Failure | null> {
  const names = identifiers.flatMap(spellingsOf);
  let sequence: number;
  try {
    sequence = await recordPurge(env, names, { project_id: config.stytch.projectId, detail });
  } catch {
    log.degraded("directory");
    return { type: "purge_unavailable" };
  }
  for (const name of names) state.purges.add({ name, sequence });
  const calls = names.map((name) =>
    callWithRetry(
      () => env.ORGANIZATION.getByName(name, { locationHint: config.upstreamRegion }),
      async (object) => await object.purge(name, sequence),
      OBJECT_TIMEOUT_MS,
    ),
  );
  const outcomes = await Promise.allSettled(calls);
  if (outcomes.some(({ status }) => status === "rejected")) log.degraded("organization_object");
  return null;
}
