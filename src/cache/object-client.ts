/** The isolate's way to an organization's object, and to Stytch itself where that fails. */

import type { Config } from "../config.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import type { StageLog } from "../request-log.ts";
import { fetchEntry } from "./fetch-entry.ts";
import type { ReadRequest, ReadResult } from "./object-messages.ts";

/** Beyond the upstream's own deadline, in ms: the way to the object and back. */
const OBJECT_OVERHEAD_MS = 1_000;

/** One object call, and an upstream call where the object fails. Resolves always, within the deadline and a second, or twice that if forced. */
export async function readFromObject(
  { env, config, log }: { readonly env: Env; readonly config: Config; readonly log: StageLog },
  identifier: string,
  want: ReadRequest,
): Promise<ReadResult> {
  // A forced read may have to wait for one that began before it.
  const waitMs = (want.kind === "forced" ? 2 : 1) * config.stytch.timeoutMs + OBJECT_OVERHEAD_MS;
  const began = Date.now();
  try {
    return await callWithRetry(
      () => env.ORGANIZATION.getByName(identifier, { locationHint: config.upstreamRegion }),
      async (object) => await object.read(identifier, want),
      waitMs,
    );
  } catch {
    log.degraded("organization_object");
    // What the object has used up of the deadline is gone.
    const left = config.stytch.timeoutMs - (Date.now() - began);
    return left > 0
      ? await fetchDirectly(config, identifier, want, left)
      : { failure: { type: "upstream_timeout" }, call: null };
  }
}

async function fetchDirectly(
  config: Config,
  identifier: string,
  { latestSeen, minPurgeEpoch }: ReadRequest,
  timeoutMs: number,
): Promise<ReadResult> {
  const asked = { requestedAt: Date.now(), purgeEpoch: Math.max(latestSeen, minPurgeEpoch) };
  const fetched = await fetchEntry(config, identifier, asked, timeoutMs);
  return fetched.entry === undefined ? fetched : { ...fetched, origin: "fetched" };
}
