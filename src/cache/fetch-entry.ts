/** From an identifier to an entry, by one upstream call. */
import type { Failure } from "../errors.ts";
import type { UpstreamCall } from "../log.ts";
import type { StytchClient } from "../stytch/client.ts";
import { createEntry, type Entry } from "./entry.ts";

export type FetchedEntry =
  | { readonly entry: Entry; readonly call: UpstreamCall | null }
  | {
      readonly entry?: never;
      /** `absent`: Stytch knows no such organization. */
      readonly failure: Failure | "absent";
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
  const fetched = await stytch.fetchOrganization(identifier, timeoutMs);
  if (fetched.failure !== undefined) return fetched;
  const when = { ...asked, receivedAt: Date.now() };
  return { entry: await createEntry(fetched.body, fetched.value, when), call: fetched.call };
}
