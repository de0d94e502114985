/**
 * One cached organization, or something that belongs to one or to the project: the bytes that Stytch sent, and what a
 * lookup needs to know without parsing them. An entry is the same for every API key; scopes, organizations and fields apply after the cache.
 */

import * as z from "zod";
import { parseExactly } from "../platform/exact-json.ts";
import { isIdentifier, isSpellingOf } from "../stytch/identifier.ts";
import type { OrganizationEnvelope } from "../stytch/schemas/organization-schema.ts";
import { ownerOf, purgeNamesOf } from "./resource.ts";

export interface Entry {
  /** The ID of an organization, or the name of what belongs to one (see `resource.ts`): a purge of it ends the entry. */
  readonly name: string;
  /** The organization that this is, or belongs to; "" if it belongs to the project. */
  readonly organizationId: string;
  /** "" unless this is an organization, and then never. */
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
    name: organization.organization_id,
    organizationId: organization.organization_id,
    slug: organization.organization_slug,
    externalId: organization.organization_external_id ?? null,
    body,
    etag: await computeEtag(parseExactly(body)["organization"]),
    ...when,
  };
}

/** An entry of what belongs to an organization or to the project. `body` has passed the schema. */
export async function createResourceEntry(
  body: Uint8Array<ArrayBuffer>,
  name: string,
  when: Pick<Entry, "requestedAt" | "receivedAt" | "purgeEpoch">,
): Promise<Entry> {
  const { request_id: _, status_code: __, ...value } = parseExactly(body);
  return {
    name,
    organizationId: ownerOf(name),
    slug: "",
    externalId: null,
    body,
    etag: await computeEtag(value),
    ...when,
  };
}

/**
 * The slug and external ID of an organization, as far as they can be asked for. One with a slash, for example, could be
 * the name of what belongs to another organization.
 */
export function aliasesOf({ slug, externalId }: Entry): string[] {
  if (slug === "") return [];
  return (externalId === null ? [slug] : [slug, externalId]).filter(isIdentifier);
}

/** All names of which a purge ends the entry. */
export const identifiersOf = (entry: Entry): string[] => [...purgeNamesOf(entry.name), ...aliasesOf(entry)];

/**
 * True if `identifier` is the ID or an alias of the entry. Aliases in KV and in memory are hints, so an entry that is
 * found by one is checked with this. An alias may have the form of an ID, and an ID may be asked for in another case.
 */
export function hasIdentifier({ name, slug, externalId }: Entry, identifier: string): boolean {
  if (name === identifier || slug === identifier || externalId === identifier) return true;
  return isSpellingOf(name, identifier);
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
  slug: z.string(),
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
    id: entry.name,
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
  return typeof organizationId === "string" ? ownerOf(organizationId) : null;
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
  // Only an organization has a slug, and each has one.
  if (!stored.success || (stored.data.slug === "") !== stored.data.id.includes("/"))
    return { kind: "undecodable" };
  const { v: _, id, digest, ...rest } = stored.data;
  const body = new Uint8Array(bytes);
  if (digest !== (await sha256Hex(body))) return { kind: "undecodable" };
  return {
    kind: "entry",
    entry: { name: id, organizationId: ownerOf(id), body, ...rest },
  };
}

/** True if this KV metadata equals that of an entry in memory, so that its body need not be hashed again. */
function matchesMetadata(entry: Entry, metadata: unknown): boolean {
  if (typeof metadata !== "object" || metadata === null) return false;
  const stored = metadata as Partial<Record<keyof StoredEntry, unknown>>;
  return (
    stored.v === STORED_VERSION &&
    stored.id === entry.name &&
    stored.slug === entry.slug &&
    stored.externalId === entry.externalId &&
    stored.etag === entry.etag &&
    stored.requestedAt === entry.requestedAt &&
    stored.receivedAt === entry.receivedAt &&
    stored.purgeEpoch === entry.purgeEpoch
  );
}
