/**
 * Entries in KV, which all locations share and which shows a change up to a minute late. The body of an organization is
 * stored under its ID; under a slug or external ID, KV holds the ID that the alias was last seen to name. KV may fail,
 * refuse or hang: a lookup then goes on without it.
 */
import { withTimeout } from "../platform/timeout.ts";
import { aliasMetadata, decode, type Entry, hasIdentifier, organizationIdIn, toMetadata } from "./entry.ts";

/** How long a lookup waits for one read. */
export const KV_TIMEOUT_MS = 500;

/**
 * How long a location caches what it read: "The minimum is 30"
 * (https://developers.cloudflare.com/kv/api/read-key-value-pairs/).
 */
const CACHE_TTL_SECONDS = 30;

/** "512 bytes" (https://developers.cloudflare.com/kv/platform/limits/). */
const MAX_KEY_BYTES = 512;

/**
 * The namespace and the Stytch project, which is part of every key: a deployment never reads another project's entries.
 */
export interface KvScope {
  readonly kv: KVNamespace;
  readonly projectId: string;
}

export type KvRead =
  | { readonly kind: "entry"; readonly entry: Entry }
  /** KV has no entry with this identifier, or none that decodes. */
  | { readonly kind: "none" }
  /** KV leads to an organization that the caller may not see. */
  | { readonly kind: "hidden" }
  /** KV failed or did not answer in time. */
  | { readonly kind: "failed" };

/** What KV has under a key. */
export type StoredValue = KVNamespaceGetWithMetadataResult<ArrayBuffer, unknown>;

/** Makes one read, or waits for one of the same key that is under way: within twice `KV_TIMEOUT_MS`. */
export type ShareRead = (key: string, read: () => Promise<StoredValue>) => Promise<StoredValue>;

/**
 * The entry with this identifier. Takes one read by ID and two by alias. Never rejects; resolves within twice
 * `KV_TIMEOUT_MS`, or twice that if reads are shared. If KV holds the same version as `known`, returns `known` itself and does not hash the body again.
 * `canSee` is called with the organization that a value leads to, before anything else is done for it: an organization
 * that may not be seen takes one read, as a name does that KV does not have.
 */
export async function readKvEntry(
  scope: KvScope,
  identifier: string,
  known: Entry | null = null,
  canSee: (organizationId: string) => boolean = () => true,
  share: ShareRead = async (_, read) => await read(),
): Promise<KvRead> {
  try {
    let found = await readValue(scope, identifier, known, canSee, share);
    if (found?.kind === "alias") found = await readValue(scope, found.organizationId, known, canSee, share);
    if (found?.kind === "hidden") return { kind: "hidden" };
    if (found?.kind !== "entry" || !hasIdentifier(found.entry, identifier)) return { kind: "none" };
    return { kind: "entry", entry: found.entry };
  } catch {
    return { kind: "failed" };
  }
}

async function readValue(
  scope: KvScope,
  name: string,
  known: Entry | null,
  canSee: (organizationId: string) => boolean,
  share: ShareRead,
) {
  const key = kvKey(scope, name);
  if (key === null) return null;
  const { value, metadata } = await share(key, async () => {
    const read = scope.kv.getWithMetadata(key, { type: "arrayBuffer", cacheTtl: CACHE_TTL_SECONDS });
    return await withTimeout(KV_TIMEOUT_MS, read);
  });
  if (value === null) return null;
  const organizationId = organizationIdIn(metadata);
  if (organizationId !== null && !canSee(organizationId)) return { kind: "hidden" } as const;
  return await decode(value, metadata, known);
}

/** Stores an entry under its ID. Rejects if KV does. */
export async function writeKvEntry(scope: KvScope, entry: Entry, ttlSeconds: number): Promise<void> {
  const key = kvKey(scope, entry.name);
  if (key !== null)
    await scope.kv.put(key, entry.body, { metadata: await toMetadata(entry), expirationTtl: ttlSeconds });
}

/** Stores which organization a slug or external ID names. Rejects if KV does. */
export async function writeKvAlias(
  scope: KvScope,
  alias: string,
  organizationId: string,
  ttlSeconds: number,
): Promise<void> {
  const key = kvKey(scope, alias);
  if (key !== null)
    await scope.kv.put(key, "", { metadata: aliasMetadata(organizationId), expirationTtl: ttlSeconds });
}

/** Deletes what is stored under an ID or alias. Rejects if KV does. */
export async function deleteKvValue(scope: KvScope, name: string): Promise<void> {
  const key = kvKey(scope, name);
  if (key !== null) await scope.kv.delete(key);
}

const utf8 = new TextEncoder();

/** Null if the identifier is too long for a key of KV. No real one is; such a lookup goes past KV. */
function kvKey(scope: KvScope, identifier: string): string | null {
  const key = `organization:${scope.projectId}:${identifier}`;
  return utf8.encode(key).byteLength <= MAX_KEY_BYTES ? key : null;
}
