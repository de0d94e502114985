/**
 * What tests of the cache share: entries made by hand, and what they look at in answers and in KV.
 */
import type { Entry } from "../../src/cache/entry.ts";
import type { Json } from "./bodies.ts";
import { NOW } from "./clock.ts";
import { TEST_VARS } from "./vars.ts";

/** An entry of `organization-1` with the slug `acme`, requested at 0 and received at `NOW`. */
export function entryOf(fields: Partial<Entry> = {}): Entry {
  return {
    name: fields.organizationId ?? "organization-1",
    organizationId: "organization-1",
    slug: "acme",
    externalId: null,
    body: new Uint8Array(0),
    etag: `W/"${"0".repeat(32)}"`,
    requestedAt: 0,
    receivedAt: NOW,
    purgeEpoch: 0,
    ...fields,
  };
}

export const statusOf = (response: Response) => response.headers.get("Cache-Status");

/** The name of the organization in an answer. */
export const nameIn = async (response: Response) =>
  (await response.json<{ organization: Json }>()).organization["organization_name"];

/** The key under which KV holds an organization, or what an alias names. */
export const kvKey = (identifier: unknown) => `organization:${TEST_VARS.STYTCH_PROJECT_ID}:${identifier}`;
