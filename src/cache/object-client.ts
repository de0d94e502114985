/** The isolate's way to an organization's object, and to Stytch itself where that fails. */

import type { Config } from "../config.ts";
import { callObject } from "../platform/durable-object.ts";
import { type Call, noteDegraded } from "../request-context.ts";
import { fetchEntry } from "./fetch-entry.ts";
import type { Read, Want } from "./object-messages.ts";

/** Beyond the upstream's own deadline, in ms: the way to the object and back. */
const OBJECT_MARGIN_MS = 1_000;

/** One object call, and an upstream call where the object fails. Resolves always, within the deadline and a second, or twice that if forced. */
export async function readThrough(call: Call, identifier: string, want: Want): Promise<Read> {
  const { env, config } = call;
  // A forced read may have to wait for one that began before it.
  const waitMs = (want.kind === "forced" ? 2 : 1) * config.stytch.timeoutMs + OBJECT_MARGIN_MS;
  const began = Date.now();
  try {
    return await callObject(
      () => env.ORGANIZATION.getByName(identifier, { locationHint: config.upstreamRegion }),
      async (object) => await object.read(identifier, want),
      waitMs,
    );
  } catch {
    noteDegraded(call, "organization_object");
    // What the object has used up of the deadline is gone.
    const left = config.stytch.timeoutMs - (Date.now() - began);
    return left > 0
      ? await readDirectly(config, identifier, want, left)
      : { failure: { type: "upstream_timeout" }, call: null };
  }
}

async function readDirectly(
  config: Config,
  identifier: string,
  { heard, purge }: Want,
  timeoutMs: number,
): Promise<Read> {
  const asked = { began: Date.now(), afterPurge: Math.max(heard, purge) };
  const fetched = await fetchEntry(config, identifier, asked, timeoutMs);
  return fetched.entry === undefined ? fetched : { ...fetched, how: "fetched" };
}
