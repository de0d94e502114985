/**
 * Entries in the memory of an isolate: bounded in bytes, least recently used first out. By a slug or external ID an entry is found only
 * where Stytch answered that name with it: the same text may be one organization's slug and another's external ID. Plain data, no I/O.
 */
import { aliasesOf, bearsName, type Entry, namesOf } from "./entry.ts";

/** A small part of the 128 MB that an isolate has: https://developers.cloudflare.com/workers/platform/limits/#memory */
export const MEMORY_BYTES = 16 * 1024 * 1024;

/** What an entry costs beside its body and names: objects, map slots, its last headers. A guess on the high side. */
const OVERHEAD_BYTES = 2_048;

interface Held {
  readonly entry: Entry;
  /** When KV or the organization's object last spoke for it. */
  readonly checkedAt: number;
}

interface Alias {
  /** Of the organization that was seen last to bear the name. */
  readonly organizationId: string;
  /** Whether Stytch answered the name with it. */
  readonly isAnswer: boolean;
}

export interface Memory {
  /** By organization ID, the least recently used first. */
  readonly held: Map<string, Held>;
  /** By slug or external ID. */
  readonly aliases: Map<string, Alias>;
  /** When a refresh behind an answer was last asked for, by organization ID. */
  readonly refreshed: Map<string, number>;
  /** When Stytch was asked that said an organization is no more, by the name that was asked for; KV may go on showing it. */
  readonly ended: Map<string, number>;
  readonly capacity: number;
  bytes: number;
}

export function emptyMemory(capacity: number = MEMORY_BYTES): Memory {
  return { held: new Map(), aliases: new Map(), refreshed: new Map(), ended: new Map(), capacity, bytes: 0 };
}

/** The entry that bears this name, if it was vouched for less than `memorySeconds` ago. */
export function recall(memory: Memory, identifier: string, now: number, memorySeconds: number): Entry | null {
  const id = idOf(memory, identifier);
  const held = id === undefined ? undefined : memory.held.get(id);
  if (held === undefined || id === undefined || !bearsName(held.entry, identifier)) return null;
  if (now - held.checkedAt >= memorySeconds * 1_000) return null;
  memory.held.delete(id);
  memory.held.set(id, held);
  return held.entry;
}

/**
 * Keeps `entry`, which answered `askedAs` and was vouched for at `now`, and returns the one that stands: an entry whose upstream
 * request began earlier never replaces one that began later.
 */
export function remember(memory: Memory, entry: Entry, askedAs: string, now: number): Entry {
  const before = memory.held.get(entry.organizationId)?.entry;
  const standing = before !== undefined && before.began > entry.began ? before : entry;
  const answered = forget(memory, entry.organizationId);
  if (sizeOf(standing) > memory.capacity) return standing;
  memory.held.set(standing.organizationId, { entry: standing, checkedAt: now });
  memory.bytes += sizeOf(standing);
  // A name that has come over from another organization no longer leads there.
  for (const name of aliasesOf(standing)) {
    if (name === standing.organizationId || !bearsName(standing, name)) continue;
    const other = otherBearer(memory, name, standing);
    if (name !== askedAs && other !== undefined && other.began > standing.began) continue;
    const isAnswer = name === askedAs || answered.includes(name);
    memory.aliases.set(name, { organizationId: standing.organizationId, isAnswer });
  }
  for (const id of memory.held.keys()) {
    if (memory.bytes <= memory.capacity) break;
    forget(memory, id);
  }
  return standing;
}

/** Whether another organization was seen to bear this name since `entry`, which was found by it: then only Stytch can tell whose it is. */
export function isDisputed(memory: Memory, identifier: string, entry: Entry): boolean {
  const other = otherBearer(memory, identifier, entry);
  return other !== undefined && other.began >= entry.began;
}

/** Another organization that was last seen to bear a slug or external ID of this one. */
function otherBearer(memory: Memory, name: string, { organizationId }: Entry): Entry | undefined {
  const id = memory.aliases.get(name)?.organizationId;
  return name === organizationId || id === undefined || id === organizationId
    ? undefined
    : memory.held.get(id)?.entry;
}

/** Bounds `ended`; the one that ended longest ago goes first. */
const MOST_ENDED = 5_000;

/** Forgets what this name leads to; what KV goes on showing under it, if it was asked for before `began`, has ended. */
export function end(memory: Memory, identifier: string, began: number): void {
  forget(memory, idOf(memory, identifier) ?? identifier);
  memory.ended.delete(identifier);
  memory.ended.set(identifier, began);
  const [oldest] = memory.ended.keys();
  if (memory.ended.size > MOST_ENDED && oldest !== undefined) memory.ended.delete(oldest);
}

/** Whether an entry that was found under this name is from before its end. */
export function hasEnded(memory: Memory, identifier: string, entry: Entry): boolean {
  const began = memory.ended.get(identifier);
  return began !== undefined && entry.began <= began;
}

/** Of the organization that this name leads to. */
function idOf(memory: Memory, identifier: string): string | undefined {
  if (memory.held.has(identifier)) return identifier;
  const alias = memory.aliases.get(identifier);
  return alias?.isAnswer ? alias.organizationId : undefined;
}

/** Returns the names that Stytch answered with it. */
export function forget(memory: Memory, organizationId: string): string[] {
  const held = memory.held.get(organizationId);
  if (held === undefined) return [];
  memory.held.delete(organizationId);
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
  return entry.body.byteLength + 2 * namesOf(entry).join("").length + OVERHEAD_BYTES;
}
