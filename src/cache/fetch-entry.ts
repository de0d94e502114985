/** From an identifier to an entry, by one upstream call. */
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

/** Resolves always. `began`: now, in ms since the epoch. `purgeEpoch`: the latest purge that the caller has heard of. */
export async function fetchEntry(
  stytch: StytchClient,
  identifier: string,
  asked: Pick<Entry, "requestedAt" | "purgeEpoch">,
  timeoutMs?: number,
): Promise<FetchedEntry> {
  const { result, detail, call } = await stytch.fetchOrganization(identifier, timeoutMs);
  if (!result.ok) return { failure: result.failure, call, ...(detail === undefined ? {} : { detail }) };
  const when = { ...asked, receivedAt: Date.now() };
  return { entry: await createEntry(result.value.bytes, result.value.json, when), call };
}
