/**
 * One cached organization: the bytes that Stytch sent, and what a lookup must know of them without reading them. An entry
 * knows nothing of keys.
 */
import * as z from "zod";
import { parseExactly } from "../platform/exact-json.ts";
import { isCanonicalId } from "../stytch/canonical-id.ts";
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
  readonly began: number;
  /** When the upstream answered: what ages count from. */
  readonly fetchedAt: number;
  /** The number of a purge that came before the request began, as did all before it: purges.ts. */
  readonly afterPurge: number;
}

/** An entry of a body that passed the schema. */
export async function makeEntry(
  body: Uint8Array<ArrayBuffer>,
  { organization }: OrganizationEnvelope,
  when: Pick<Entry, "began" | "fetchedAt" | "afterPurge">,
): Promise<Entry> {
  return {
    organizationId: organization.organization_id,
    slug: organization.organization_slug,
    externalId: organization.organization_external_id ?? null,
    body,
    etag: await etagOf(parseExactly(body)["organization"]),
    ...when,
  };
}

/** The names that an entry bears beside its ID. */
export function aliasesOf(entry: Entry): string[] {
  return entry.externalId === null ? [entry.slug] : [entry.slug, entry.externalId];
}

export const namesOf = (entry: Entry): string[] => [entry.organizationId, ...aliasesOf(entry)];

/**
 * Names other than its ID are hints: an entry found by one is used only if it bears it itself. What looks like an ID is one, though
 * another organization may have it for a slug or external ID.
 */
export function bearsName(entry: Entry, identifier: string): boolean {
  if (entry.organizationId === identifier) return true;
  return !isCanonicalId(identifier) && (entry.slug === identifier || entry.externalId === identifier);
}

/** Weak (RFC 9110 §8.8.3): it stands for the value, not for the bytes around it. */
export async function etagOf(value: unknown): Promise<string> {
  return `W/"${await digestOf(new TextEncoder().encode(JSON.stringify(value)))}"`;
}

async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest, 0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Of the stored shape. A deployment that changes it raises this, and reads what another wrote as misses. */
const VERSION = 2;

const Stored = z.strictObject({
  v: z.literal(VERSION),
  id: z.string().min(1),
  slug: z.string().min(1),
  ext: z.string().nullable(),
  etag: z.string().regex(/^W\/"[0-9a-f]{32}"$/),
  began: z.int(),
  at: z.int(),
  purge: z.int(),
  /** Of the body: one that was cut or replaced does not decode. */
  digest: z.string(),
});

type Stored = z.input<typeof Stored>;

const Alias = z.strictObject({ v: z.literal(VERSION), of: z.string().min(1) });

/** What stands in KV beside the body. */
export async function metadataOf(entry: Entry): Promise<Stored> {
  return {
    v: VERSION,
    id: entry.organizationId,
    slug: entry.slug,
    ext: entry.externalId,
    etag: entry.etag,
    began: entry.began,
    at: entry.fetchedAt,
    purge: entry.afterPurge,
    digest: await digestOf(entry.body),
  };
}

/** What stands in KV under a slug or external ID: only which organization it was last seen to name. */
export function aliasMetadata(organizationId: string): z.input<typeof Alias> {
  return { v: VERSION, of: organizationId };
}

export type Decoded =
  | { readonly kind: "entry"; readonly entry: Entry }
  | { readonly kind: "alias"; readonly organizationId: string }
  /** Written by another version, or not by Postern, or cut: as good as nothing. */
  | { readonly kind: "undecodable" };

/** Stored values are input like any other: they are parsed, never trusted. `known`: an entry that is given back where this is the same one. */
export async function decode(
  bytes: ArrayBuffer,
  metadata: unknown,
  known: Entry | null = null,
): Promise<Decoded> {
  if (known !== null && isOf(known, metadata)) return { kind: "entry", entry: known };
  // Which of the two it is, is told apart first: a schema that does not fit takes long to say so.
  if (typeof metadata === "object" && metadata !== null && "of" in metadata) {
    const alias = Alias.safeParse(metadata);
    return alias.success ? { kind: "alias", organizationId: alias.data.of } : { kind: "undecodable" };
  }
  const stored = Stored.safeParse(metadata);
  if (!stored.success) return { kind: "undecodable" };
  const { id, slug, ext, etag, began, at, purge, digest } = stored.data;
  const body = new Uint8Array(bytes);
  if (digest !== (await digestOf(body))) return { kind: "undecodable" };
  return {
    kind: "entry",
    entry: {
      organizationId: id,
      slug,
      externalId: ext,
      body,
      etag,
      began,
      fetchedAt: at,
      afterPurge: purge,
    },
  };
}

/** Whether this is what stands beside an entry: whatever it says is what is known already, of a body that has been looked at. */
function isOf(entry: Entry, metadata: unknown): boolean {
  if (typeof metadata !== "object" || metadata === null) return false;
  const { v, id, slug, ext, etag, began, at, purge } = metadata as Partial<Record<keyof Stored, unknown>>;
  return (
    v === VERSION &&
    id === entry.organizationId &&
    slug === entry.slug &&
    ext === entry.externalId &&
    etag === entry.etag &&
    began === entry.began &&
    at === entry.fetchedAt &&
    purge === entry.afterPurge
  );
}
