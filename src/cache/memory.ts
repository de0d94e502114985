/**
 * Entries in the memory of an isolate: bounded in bytes, least recently used first out. By a slug or external ID an entry is found only
 * where Stytch answered that name with it: the same text may be one organization's slug and another's external ID. Plain data, no I/O.
 */
import { aliasesOf, type Entry, hasIdentifier, identifiersOf } from "./entry.ts";

/** A small part of the 128 MB that an isolate has: https://developers.cloudflare.com/workers/platform/limits/#memory */
export const MEMORY_BYTES = 16 * 1024 * 1024;

/** What an entry costs beside its body and names: objects, map slots, its last headers. A guess on the high side. */
const ENTRY_OVERHEAD_BYTES = 2_048;

interface CachedEntry {
  readonly entry: Entry;
  /** When KV or the organization's object last spoke for it. */
  readonly checkedAt: number;
}

interface AliasTarget {
  /** Of the organization that was seen last to bear the name. */
  readonly organizationId: string;
  /** Whether Stytch answered the name with it. */
  readonly isAnswer: boolean;
}

export interface Memory {
  /** By organization ID, the least recently used first. */
  readonly entries: Map<string, CachedEntry>;
  /** By slug or external ID. */
  readonly aliases: Map<string, AliasTarget>;
  /** When a refresh behind an answer was last asked for, by organization ID. */
  readonly revalidatedAt: Map<string, number>;
  /** When Stytch was asked that said an organization is no more, by the name that was asked for; KV may go on showing it. */
  readonly tombstones: Map<string, number>;
  readonly capacity: number;
  bytes: number;
}

export function createMemory(capacity: number = MEMORY_BYTES): Memory {
  return {
    entries: new Map(),
    aliases: new Map(),
    revalidatedAt: new Map(),
    tombstones: new Map(),
    capacity,
    bytes: 0,
  };
}

/** The entry that bears this name, if it was vouched for less than `memorySeconds` ago. */
export function getEntry(
  memory: Memory,
  identifier: string,
  now: number,
  memorySeconds: number,
): Entry | null {
  const id = resolveId(memory, identifier);
  const held = id === undefined ? undefined : memory.entries.get(id);
  if (held === undefined || id === undefined || !hasIdentifier(held.entry, identifier)) return null;
  if (now - held.checkedAt >= memorySeconds * 1_000) return null;
  memory.entries.delete(id);
  memory.entries.set(id, held);
  return held.entry;
}

/**
 * Keeps `entry`, which answered `askedAs` and was vouched for at `now`, and returns the one that stands: an entry whose upstream
 * request began earlier never replaces one that began later.
 */
export function setEntry(memory: Memory, entry: Entry, askedAs: string, now: number): Entry {
  const before = memory.entries.get(entry.organizationId)?.entry;
  const standing = before !== undefined && before.requestedAt > entry.requestedAt ? before : entry;
  const answered = deleteEntry(memory, entry.organizationId);
  if (sizeOf(standing) > memory.capacity) return standing;
  memory.entries.set(standing.organizationId, { entry: standing, checkedAt: now });
  memory.bytes += sizeOf(standing);
  // A name that has come over from another organization no longer leads there.
  for (const name of aliasesOf(standing)) {
    if (name === standing.organizationId || !hasIdentifier(standing, name)) continue;
    const other = otherOwner(memory, name, standing);
    if (name !== askedAs && other !== undefined && other.requestedAt > standing.requestedAt) continue;
    const isAnswer = name === askedAs || answered.includes(name);
    memory.aliases.set(name, { organizationId: standing.organizationId, isAnswer });
  }
  for (const id of memory.entries.keys()) {
    if (memory.bytes <= memory.capacity) break;
    deleteEntry(memory, id);
  }
  return standing;
}

/** Whether another organization was seen to bear this name since `entry`, which was found by it: then only Stytch can tell whose it is. */
export function isAliasContested(memory: Memory, identifier: string, entry: Entry): boolean {
  const other = otherOwner(memory, identifier, entry);
  return other !== undefined && other.requestedAt >= entry.requestedAt;
}

/** Another organization that was last seen to bear a slug or external ID of this one. */
function otherOwner(memory: Memory, name: string, { organizationId }: Entry): Entry | undefined {
  const id = memory.aliases.get(name)?.organizationId;
  return name === organizationId || id === undefined || id === organizationId
    ? undefined
    : memory.entries.get(id)?.entry;
}

/** Bounds `ended`; the one that ended longest ago goes first. */
const MAX_TOMBSTONES = 5_000;

/** Forgets what this name leads to; what KV goes on showing under it, if it was asked for before `began`, has ended. */
export function addTombstone(memory: Memory, identifier: string, began: number): void {
  deleteEntry(memory, resolveId(memory, identifier) ?? identifier);
  memory.tombstones.delete(identifier);
  memory.tombstones.set(identifier, began);
  const [oldest] = memory.tombstones.keys();
  if (memory.tombstones.size > MAX_TOMBSTONES && oldest !== undefined) memory.tombstones.delete(oldest);
}

/** Whether an entry that was found under this name is from before its end. */
export function isTombstoned(memory: Memory, identifier: string, entry: Entry): boolean {
  const began = memory.tombstones.get(identifier);
  return began !== undefined && entry.requestedAt <= began;
}

/** Of the organization that this name leads to. */
function resolveId(memory: Memory, identifier: string): string | undefined {
  if (memory.entries.has(identifier)) return identifier;
  const alias = memory.aliases.get(identifier);
  return alias?.isAnswer ? alias.organizationId : undefined;
}

/** Returns the names that Stytch answered with it. */
export function deleteEntry(memory: Memory, organizationId: string): string[] {
  const held = memory.entries.get(organizationId);
  if (held === undefined) return [];
  memory.entries.delete(organizationId);
  memory.bytes -= sizeOf(held.entry);
  // Another organization may have taken a name over.
  const answered: string[] = [];
  for (const name of aliasesOf(held.entry)) {
    const alias = memory.aliases.get(name);
    if (alias?.organizationId !== organizationId) continue;
    if (alias.isAnswer) answered.push(name);
    memory.aliases.delete(name);
  }
  return answered;
}

function sizeOf(entry: Entry): number {
  return entry.body.byteLength + 2 * identifiersOf(entry).join("").length + ENTRY_OVERHEAD_BYTES;
}
