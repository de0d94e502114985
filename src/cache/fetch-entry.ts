/** Fetches an organization from Stytch and makes an entry of the answer. */
import type { Config } from "../config.ts";
import type { Failure } from "../errors.ts";
import type { UpstreamCall } from "../log.ts";
import { fetchOrganization } from "../stytch/client.ts";
import { createEntry, type Entry } from "./entry.ts";

export type FetchedEntry =
  | { readonly entry: Entry; readonly call: UpstreamCall | null }
  | {
      readonly entry?: never;
      /** `absent`: Stytch has no such organization. */
      readonly failure: Failure | "absent";
      readonly call: UpstreamCall | null;
      readonly detail?: string;
    };

/**
 * Makes one upstream call and never rejects. `version.requestedAt` is the time of the call, in ms since the epoch;
 * `version.purgeEpoch` is the latest purge that the caller has heard of.
 */
export async function fetchEntry(
  config: Config,
  identifier: string,
  version: Pick<Entry, "requestedAt" | "purgeEpoch">,
  timeoutMs: number = config.stytch.timeoutMs,
): Promise<FetchedEntry> {
  const fetched = await fetchOrganization(config, identifier, timeoutMs);
  if (fetched.failure !== undefined) return fetched;
  const entry = await createEntry(fetched.body, fetched.value, { ...version, receivedAt: Date.now() });
  return { entry, call: fetched.call };
}
