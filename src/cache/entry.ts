/**
 * One cached organization: the bytes that Stytch sent, and what a lookup needs to know without parsing them. An entry
 * is the same for every API key; scopes, organizations and fields apply after the cache.
 */

import * as z from "zod";
import { parseExactly } from "../platform/exact-json.ts";
import { isSpellingOf } from "../stytch/identifier.ts";
import type { OrganizationEnvelope } from "../stytch/schemas/organization-schema.ts";

export interface Entry {
  readonly organizationId: string;
  readonly slug: string;
  readonly externalId: string | null;
  /** The body of the upstream response, byte for byte. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** A hash of the organization alone: Stytch's `request_id` differs in each response. */
  readonly etag: string;
  /** When the upstream request began, ms since the epoch. It is the entry's version: it orders all writes. */
  readonly requestedAt: number;
  /** When the upstream answered, ms since the epoch. Ages count from here. */
  readonly receivedAt: number;
  /**
   * The latest purge that was known when the request began: a later purge ends the entry (see `purge/purge-list.ts`).
   */
  readonly purgeEpoch: number;
}

/** `body` has passed the schema. */
export async function createEntry(
  body: Uint8Array<ArrayBuffer>,
  { organization }: OrganizationEnvelope,
  when: Pick<Entry, "requestedAt" | "receivedAt" | "purgeEpoch">,
): Promise<Entry> {
  return {
    organizationId: organization.organization_id,
    slug: organization.organization_slug,
    externalId: organization.organization_external_id ?? null,
    body,
    etag: await computeEtag(parseExactly(body)["organization"]),
    ...when,
  };
}

/** The slug and external ID of an entry. */
export function aliasesOf(entry: Entry): string[] {
  return entry.externalId === null ? [entry.slug] : [entry.slug, entry.externalId];
}

export const identifiersOf = (entry: Entry): string[] => [entry.organizationId, ...aliasesOf(entry)];

/**
 * True if `identifier` is the ID or an alias of the entry. Aliases in KV and in memory are hints, so an entry that is
 * found by one is checked with this. An alias may have the form of an ID, and an ID may be asked for in another case.
 */
export function hasIdentifier({ organizationId, slug, externalId }: Entry, identifier: string): boolean {
  if (organizationId === identifier || slug === identifier || externalId === identifier) return true;
  return isSpellingOf(organizationId, identifier);
}

/** A weak ETag (RFC 9110 §8.8.3): it identifies the value, not the bytes of the response. */
export async function computeEtag(value: unknown): Promise<string> {
  return `W/"${await sha256Hex(new TextEncoder().encode(JSON.stringify(value)))}"`;
}

async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest, 0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The version of the stored format. Raise it with each change of the format: values of another version are misses. */
const STORED_VERSION = 3;

const StoredEntry = z.strictObject({
  v: z.literal(STORED_VERSION),
  id: z.string().min(1),
  slug: z.string().min(1),
  externalId: z.string().nullable(),
  etag: z.string().regex(/^W\/"[0-9a-f]{32}"$/),
  requestedAt: z.int(),
  receivedAt: z.int(),
  purgeEpoch: z.int(),
  /** A hash of the body, so that a truncated or replaced body does not decode. */
  digest: z.string(),
});

type StoredEntry = z.input<typeof StoredEntry>;

const StoredAlias = z.strictObject({ v: z.literal(STORED_VERSION), organizationId: z.string().min(1) });

/** The KV metadata of an entry; the value is its body. */
export async function toMetadata(entry: Entry): Promise<StoredEntry> {
  return {
    v: STORED_VERSION,
    id: entry.organizationId,
    slug: entry.slug,
    externalId: entry.externalId,
    etag: entry.etag,
    requestedAt: entry.requestedAt,
    receivedAt: entry.receivedAt,
    purgeEpoch: entry.purgeEpoch,
    digest: await sha256Hex(entry.body),
  };
}

/** The KV metadata of an alias; the value is empty. */
export function aliasMetadata(organizationId: string): z.input<typeof StoredAlias> {
  return { v: STORED_VERSION, organizationId };
}

/** The organization that a stored value says it is, or is an alias of; null if it says neither. */
export function organizationIdIn(metadata: unknown): string | null {
  if (typeof metadata !== "object" || metadata === null) return null;
  const { id, organizationId = id } = metadata as { id?: unknown; organizationId?: unknown };
  return typeof organizationId === "string" ? organizationId : null;
}

export type DecodedValue =
  | { readonly kind: "entry"; readonly entry: Entry }
  | { readonly kind: "alias"; readonly organizationId: string }
  /** Written by another version or not by Postern, or truncated. */
  | { readonly kind: "undecodable" };

/**
 * Parses a stored value, which is untrusted input like any other. If the metadata equals that of `known`, returns
 * `known` and does not hash the body again.
 */
export async function decode(
  bytes: ArrayBuffer,
  metadata: unknown,
  known: Entry | null = null,
): Promise<DecodedValue> {
  if (known !== null && matchesMetadata(known, metadata)) return { kind: "entry", entry: known };
  // Tell the two kinds apart first: a schema that does not match is slow.
  if (typeof metadata === "object" && metadata !== null && "organizationId" in metadata) {
    const alias = StoredAlias.safeParse(metadata);
    return alias.success
      ? { kind: "alias", organizationId: alias.data.organizationId }
      : { kind: "undecodable" };
  }
  const stored = StoredEntry.safeParse(metadata);
  if (!stored.success) return { kind: "undecodable" };
  const { v: _, id, digest, ...rest } = stored.data;
  const body = new Uint8Array(bytes);
  if (digest !== (await sha256Hex(body))) return { kind: "undecodable" };
  return {
    kind: "entry",
    entry: { organizationId: id, body, ...rest },
  };
}

/** True if this KV metadata equals that of an entry in memory, so that its body need not be hashed again. */
function matchesMetadata(entry: Entry, metadata: unknown): boolean {
  if (typeof metadata !== "object" || metadata === null) return false;
  const stored = metadata as Partial<Record<keyof StoredEntry, unknown>>;
  return (
    stored.v === STORED_VERSION &&
    stored.id === entry.organizationId &&
    stored.slug === entry.slug &&
    stored.externalId === entry.externalId &&
    stored.etag === entry.etag &&
    stored.requestedAt === entry.requestedAt &&
    stored.receivedAt === entry.receivedAt &&
    stored.purgeEpoch === entry.purgeEpoch
  );
}
