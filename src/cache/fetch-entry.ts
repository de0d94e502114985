/** Fetches an organization from Stytch and makes an entry of the answer. */
import type { UpstreamCall } from "../log.ts";
import type { StytchClient } from "../stytch/client.ts";
import type { StytchFailure } from "../stytch/parse-response.ts";
import { createEntry, type Entry } from "./entry.ts";

export type FetchedEntry =
  | { readonly entry: Entry; readonly call: UpstreamCall | null }
  | {
      readonly entry?: never;
      readonly failure: StytchFailure;
      readonly call: UpstreamCall | null;
      readonly detail?: string;
    };

/**
 * Makes one upstream call and never rejects. `version.requestedAt` is the time of the call, in ms since the epoch;
 * `version.purgeEpoch` is the latest purge that the caller has heard of. `timeoutMs` is the client's own by default.
 */
export async function fetchEntry(
  stytch: StytchClient,
  identifier: string,
  version: Pick<Entry, "requestedAt" | "purgeEpoch">,
  timeoutMs?: number,
): Promise<FetchedEntry> {
  const { result, detail, call } = await stytch.fetchOrganization(identifier, timeoutMs);
  if (!result.ok) return { failure: result.failure, call, ...(detail === undefined ? {} : { detail }) };
  const received = { ...version, receivedAt: Date.now() };
  return { entry: await createEntry(result.value.bytes, result.value.json, received), call };
}
