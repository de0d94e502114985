/** Purges that an operator or a webhook asks for. */

import type { EventOrigin } from "../../directory/audit-event.ts";
import type { Failure } from "../../errors.ts";
import { callWithRetry } from "../../platform/durable-object.ts";
import { spellingsOf } from "../../stytch/identifier.ts";
import type { CacheContext } from "../cache-context.ts";
import { recordPurge } from "./record-purge.ts";

/** How long a purge waits for the Organization objects. */
const OBJECT_TIMEOUT_MS = 2_000;

interface PurgeContext extends Pick<CacheContext, "env" | "config" | "log"> {
  readonly state: Pick<CacheContext["state"], "purges" | "metrics">;
}

/**
 * Ends what is cached under these names, and with an organization what belongs to it, everywhere within `LEASE_SECONDS`
 * of the return. Returns null, or a failure if the Directory could not list the purge: it is to be made again then.
 *
 * The objects are told as well, so that they forget what they hold, clear KV and repeat a request in flight. If one
 * cannot be told, the purge holds all the same: isolates check what it answers against the list.
 */
export async function purgeIdentifiers(
  context: PurgeContext,
  identifiers: readonly string[],
  event: Pick<EventOrigin, "actor" | "detail">,
): Promise<Failure | null> {
  const names = identifiers.flatMap(spellingsOf);
  const origin = { project_id: context.config.stytch.projectId, ...event };
  const owners = await purgeNames(context, names, origin);
  if (owners === null) return { type: "purge_unavailable" };
  context.state.metrics.purge(event.detail["by"] === "webhook" ? "webhook" : "admin");
  // What belongs to an organization is cached under its ID alone, so a purge by an alias has to list the ID, too.
  const ids = owners.filter((id) => !names.includes(id));
  if (ids.length === 0) return null;
  return (await purgeNames(context, ids, null)) === null ? { type: "purge_unavailable" } : null;
}

/** Returns the organizations that the names are known to be aliases of; null if the Directory failed. */
async function purgeNames(
  { env, config, state, log }: PurgeContext,
  names: readonly string[],
  origin: EventOrigin | null,
): Promise<string[] | null> {
  const sequence = await listPurge({ env, state, log }, names, origin);
  if (sequence === null) return null;
  const calls = names.map((name) =>
    callWithRetry(
      () => env.ORGANIZATION.getByName(name, { locationHint: config.upstreamRegion }),
      async (object) => await object.purge(name, sequence),
      OBJECT_TIMEOUT_MS,
    ),
  );
  const outcomes = await Promise.allSettled(calls);
  if (outcomes.some(({ status }) => status === "rejected")) log.degraded("organization_object");
  const owners = outcomes.flatMap((outcome) =>
    outcome.status === "fulfilled" && outcome.value !== null ? [outcome.value] : [],
  );
  return [...new Set(owners)];
}

/** Lists a purge in the Directory and in this isolate. Returns its sequence number; null if the Directory failed. */
async function listPurge(
  { env, state, log }: Pick<PurgeContext, "env" | "state" | "log">,
  names: readonly string[],
  event: EventOrigin | null,
): Promise<number | null> {
  try {
    const sequence = await recordPurge(env, names, event);
    for (const name of names) state.purges.add({ name, sequence });
    return sequence;
  } catch {
    log.degraded("directory");
    return null;
  }
}
