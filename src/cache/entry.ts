/**
 * One cached organization: the bytes that Stytch sent, and what a lookup must know of them without reading them. An entry
 * knows nothing of keys.
 */

import * as z from "zod";
import { parseExactly } from "../platform/exact-json.ts";
import { isCanonicalId } from "../stytch/identifier.ts";
import type { OrganizationEnvelope } from "../stytch/schemas/organization-schema.ts";

export interface Entry {
  readonly organizationId: string;
  readonly slug: string;
  readonly externalId: string | null;
  /** The whole body of the upstream's answer, byte for byte. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Of the organization alone, so that it outlives `request_id`. */
  readonly etag: string;
  /** When the upstream request began, ms since the epoch: what orders writes. */
  readonly requestedAt: number;
  /** When the upstream answered: what ages count from. */
  readonly receivedAt: number;
  /** The number of a purge that came before the request began, as did all before it: purges.ts. */
  readonly purgeEpoch: number;
}

/** An entry of a body that passed the schema. */
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

/** The names that an entry bears beside its ID. */
export function aliasesOf(entry: Entry): string[] {
  return entry.externalId === null ? [entry.slug] : [entry.slug, entry.externalId];
}

export const identifiersOf = (entry: Entry): string[] => [entry.organizationId, ...aliasesOf(entry)];

/**
 * Names other than its ID are hints: an entry found by one is used only if it bears it itself. What looks like an ID is one, though
 * another organization may have it for a slug or external ID.
 */
export function hasIdentifier(entry: Entry, identifier: string): boolean {
  if (entry.organizationId === identifier) return true;
  return !isCanonicalId(identifier) && (entry.slug === identifier || entry.externalId === identifier);
}

/** Weak (RFC 9110 §8.8.3): it stands for the value, not for the bytes around it. */
export async function computeEtag(value: unknown): Promise<string> {
  return `W/"${await sha256Hex(new TextEncoder().encode(JSON.stringify(value)))}"`;
}

async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest, 0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Of the stored shape. A deployment that changes it raises this, and reads what another wrote as misses. */
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
  /** Of the body: one that was cut or replaced does not decode. */
  digest: z.string(),
});

type StoredEntry = z.input<typeof StoredEntry>;

const StoredAlias = z.strictObject({ v: z.literal(STORED_VERSION), organizationId: z.string().min(1) });

/** What stands in KV beside the body. */
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

/** What stands in KV under a slug or external ID: only which organization it was last seen to name. */
export function aliasMetadata(organizationId: string): z.input<typeof StoredAlias> {
  return { v: STORED_VERSION, organizationId };
}

export type DecodedValue =
  | { readonly kind: "entry"; readonly entry: Entry }
  | { readonly kind: "alias"; readonly organizationId: string }
  /** Written by another version, or not by Postern, or cut: as good as nothing. */
  | { readonly kind: "undecodable" };

/** Stored values are input like any other: they are parsed, never trusted. `known`: an entry that is given back where this is the same one. */
export async function decode(
  bytes: ArrayBuffer,
  metadata: unknown,
  known: Entry | null = null,
): Promise<DecodedValue> {
  if (known !== null && matchesMetadata(known, metadata)) return { kind: "entry", entry: known };
  // Which of the two it is, is told apart first: a schema that does not fit takes long to say so.
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

/** Whether this is what stands beside an entry: whatever it says is what is known already, of a body that has been looked at. */
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
