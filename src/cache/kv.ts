/**
 * Entries in KV: shared by all locations, up to a minute behind. It may fail, refuse or hang; then a lookup goes on without
 * it. An organization's body stands under its ID; a slug or external ID stands for the ID.
 */
import { withTimeout } from "../platform/timeout.ts";
import { aliasMetadata, decode, type Entry, hasIdentifier, toMetadata } from "./entry.ts";

/** The longest that a lookup waits for one read, in ms. */
export const KV_TIMEOUT_MS = 500;

/** "The minimum is 30" (https://developers.cloudflare.com/kv/api/read-key-value-pairs/): how long a location keeps what it read. */
const CACHE_TTL_SECONDS = 30;

/** "512 bytes" at most for a key (https://developers.cloudflare.com/kv/platform/limits/). */
const MAX_KEY_BYTES = 512;

/** Where the entries of one Stytch project stand: a deployment that changes its project finds none of the other's. */
export interface KvScope {
  readonly kv: KVNamespace;
  readonly projectId: string;
}

export type KvRead =
  | { readonly kind: "entry"; readonly entry: Entry }
  /** Nothing there that bears the name. */
  | { readonly kind: "none" }
  /** KV failed or did not answer in time. */
  | { readonly kind: "failed" };

/**
 * The entry that bears this name, and `known` itself where it is that one. One read, or two by slug or external ID. Never throws; resolves within twice
 * `KV_WAIT_MS`.
 */
export async function readKvEntry(
  shelf: KvScope,
  identifier: string,
  known: Entry | null = null,
): Promise<KvRead> {
  try {
    const first = await readOne(shelf, identifier, known);
    const found = first?.kind === "alias" ? await readOne(shelf, first.organizationId, known) : first;
    if (found?.kind !== "entry" || !hasIdentifier(found.entry, identifier)) return { kind: "none" };
    return { kind: "entry", entry: found.entry };
  } catch {
    return { kind: "failed" };
  }
}

async function readOne(shelf: KvScope, identifier: string, known: Entry | null) {
  const key = kvKey(shelf, identifier);
  if (key === null) return null;
  const read = shelf.kv.getWithMetadata(key, { type: "arrayBuffer", cacheTtl: CACHE_TTL_SECONDS });
  const { value, metadata } = await withTimeout(KV_TIMEOUT_MS, read);
  return value === null ? null : await decode(value, metadata, known);
}

/** Stores an entry under its ID. Rejects where KV does: the caller says what that costs. */
export async function writeKvEntry(shelf: KvScope, entry: Entry, lifeSeconds: number): Promise<void> {
  const key = kvKey(shelf, entry.organizationId);
  if (key !== null)
    await shelf.kv.put(key, entry.body, { metadata: await toMetadata(entry), expirationTtl: lifeSeconds });
}

/** Stores that a slug or external ID was seen to name this organization. Rejects where KV does. */
export async function writeKvAlias(
  shelf: KvScope,
  name: string,
  organizationId: string,
  lifeSeconds: number,
): Promise<void> {
  const key = kvKey(shelf, name);
  if (key !== null)
    await shelf.kv.put(key, "", { metadata: aliasMetadata(organizationId), expirationTtl: lifeSeconds });
}

/** Removes what stands under a name. Rejects where KV does. */
export async function deleteKvValue(shelf: KvScope, name: string): Promise<void> {
  const key = kvKey(shelf, name);
  if (key !== null) await shelf.kv.delete(key);
}

const utf8 = new TextEncoder();

/** Null where the identifier is too long for KV: no real one is, and it is looked up without it. */
function kvKey(shelf: KvScope, identifier: string): string | null {
  const key = `organization:${shelf.projectId}:${identifier}`;
  return utf8.encode(key).byteLength <= MAX_KEY_BYTES ? key : null;
}
