/** Fetches from Stytch what is cached under a name, and makes an entry of the answer. */
import type { UpstreamCall } from "../log.ts";
import type { StytchClient } from "../stytch/client.ts";
import type { StytchFailure } from "../stytch/parse-response.ts";
import { organizationRead } from "../stytch/reads.ts";
import { createEntry, createResourceEntry, type Entry } from "./entry.ts";
import { resourceRead } from "./resource.ts";

export type FetchedEntry =
  | { readonly entry: Entry; readonly call: UpstreamCall | null }
  | {
      readonly entry?: never;
      readonly failure: StytchFailure;
      readonly call: UpstreamCall | null;
      readonly detail?: string;
    };

/**
 * Makes one upstream call and never rejects. `name`: an identifier of an organization, or another name of
 * `resource.ts`. `version.requestedAt` is the time of the call, in ms since the epoch; `version.purgeEpoch` is the
 * latest purge that the caller has heard of. `timeoutMs` is the client's own by default.
 */
export async function fetchEntry(
  stytch: StytchClient,
  name: string,
  version: Pick<Entry, "requestedAt" | "purgeEpoch">,
  timeoutMs?: number,
): Promise<FetchedEntry> {
  const read = resourceRead(name);
  if (read === null) {
    const { result, detail, call } = await stytch.fetch(organizationRead(name), timeoutMs);
    if (!result.ok) return failedEntry(result.failure, call, detail);
    const when = { ...version, receivedAt: Date.now() };
    return { entry: await createEntry(result.value.bytes, result.value.json, when), call };
  }
  const { result, detail, call } = await stytch.fetch(read, timeoutMs);
  if (!result.ok) return failedEntry(result.failure, call, detail);
  const when = { ...version, receivedAt: Date.now() };
  return { entry: await createResourceEntry(result.value.bytes, name, when), call };
}

function failedEntry(
  failure: StytchFailure,
  call: UpstreamCall | null,
  detail: string | undefined,
): FetchedEntry {
  return { failure, call, ...(detail === undefined ? {} : { detail }) };
}
