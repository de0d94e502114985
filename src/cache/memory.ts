/**
 * Entries in the memory of an isolate: bounded in bytes, the least recently used goes first. An alias finds an entry
 * only if Stytch answered that very alias with it, since one text may be the slug of one organization and the external
 * ID of another. No I/O; times are in ms since the epoch.
 */
import { BoundedMap } from "../platform/bounded-map.ts";
import { isSpellingOf } from "../stytch/identifier.ts";
import { aliasesOf, type Entry, hasIdentifier, identifiersOf } from "./entry.ts";

/** A small part of an isolate's 128 MB: https://developers.cloudflare.com/workers/platform/limits/#memory */
const MAX_MEMORY_BYTES = 16 * 1024 * 1024;

/** The size of an entry besides its body and names: objects, map slots, its last headers. A high estimate. */
const ENTRY_OVERHEAD_BYTES = 2_048;

const MAX_TOMBSTONES = 5_000;
const MAX_TRACKED_REVALIDATIONS = 5_000;

interface CachedEntry {
  readonly entry: Entry;
  /** When KV or the Organization object last confirmed it. */
  readonly checkedAt: number;
  /** Its ID in another case, if Stytch answered that, too. Only the last one, so that callers cannot fill the memory. */
  readonly idSpelling: string | undefined;
}

interface AliasTarget {
  /** The organization that was last seen with the alias. */
  readonly organizationId: string;
  /** True if Stytch answered the alias with it; otherwise it was seen in an answer to another identifier. */
  readonly isAnswer: boolean;
}

export class Memory {
  readonly #maxBytes: number;
  #bytes = 0;
  /** By organization ID, the least recently used first. */
  readonly #entries = new Map<string, CachedEntry>();
  /** By slug or external ID. */
  readonly #aliases = new Map<string, AliasTarget>();
  /** When the request began in which Stytch said that an organization is gone, by the identifier that was asked for. */
  readonly #tombstones = new BoundedMap<string, number>(MAX_TOMBSTONES);
  /** When a background refresh was last started, by organization ID. */
  readonly #revalidatedAt = new BoundedMap<string, number>(MAX_TRACKED_REVALIDATIONS);

  constructor(maxBytes: number = MAX_MEMORY_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The IDs of the organizations held, the least recently used first. */
  get organizationIds(): string[] {
    return [...this.#entries.keys()];
  }

  /** The aliases held, each with the ID of the organization that was last seen with it. */
  get aliases(): [alias: string, organizationId: string][] {
    return Array.from(this.#aliases, ([alias, { organizationId }]) => [alias, organizationId]);
  }

  /** The entry with this identifier, if it was confirmed less than `memorySeconds` ago. */
  get(identifier: string, now: number, memorySeconds: number): Entry | null {
    const id = this.#resolve(identifier);
    const cached = id === undefined ? undefined : this.#entries.get(id);
    if (cached === undefined || id === undefined || !hasIdentifier(cached.entry, identifier)) return null;
    if (now - cached.checkedAt >= memorySeconds * 1_000) return null;
    this.#entries.delete(id);
    this.#entries.set(id, cached);
    return cached.entry;
  }

  /** The entry of an organization, however long ago it was confirmed. Does not count as a use. */
  peek(organizationId: string): Entry | undefined {
    return this.#entries.get(organizationId)?.entry;
  }

  /**
   * Stores an entry that answered `askedAs` and was confirmed at `now`. Returns the entry that is held afterwards: one
   * whose upstream request began earlier never replaces one that began later.
   */
  set(entry: Entry, askedAs: string, now: number): Entry {
    const held = this.#entries.get(entry.name);
    const before = held?.entry;
    const current = before !== undefined && before.requestedAt > entry.requestedAt ? before : entry;
    const isSpelling = askedAs !== entry.name && isSpellingOf(entry.name, askedAs);
    const idSpelling = isSpelling ? askedAs : held?.idSpelling;
    const answeredAliases = this.delete(entry.name);
    const size = sizeOf(current);
    if (size > this.#maxBytes) return current;
    this.#entries.set(current.name, { entry: current, checkedAt: now, idSpelling });
    this.#bytes += size;
    this.#setAliases(current, askedAs, answeredAliases);
    for (const id of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.delete(id);
    }
    return current;
  }

  /** Deletes an organization. Returns its aliases that Stytch answered with it. */
  delete(organizationId: string): string[] {
    const cached = this.#entries.get(organizationId);
    if (cached === undefined) return [];
    this.#entries.delete(organizationId);
    this.#bytes -= sizeOf(cached.entry);
    const answeredAliases: string[] = [];
    for (const alias of aliasesOf(cached.entry)) {
      const target = this.#aliases.get(alias);
      // The alias may have moved to another organization.
      if (target?.organizationId !== organizationId) continue;
      if (target.isAnswer) answeredAliases.push(alias);
      this.#aliases.delete(alias);
    }
    return answeredAliases;
  }

  /**
   * True if another organization was seen with this alias since `entry` was requested: only Stytch knows whose it is.
   */
  isAliasContested(identifier: string, entry: Entry): boolean {
    const other = this.#otherOwner(identifier, entry);
    return other !== undefined && other.requestedAt >= entry.requestedAt;
  }

  /**
   * Records that Stytch said, in answer to a request of `requestedAt`, that this organization is gone. KV goes on
   * showing it for a while; entries that were requested before are ignored.
   */
  addTombstone(identifier: string, requestedAt: number): void {
    this.delete(this.#resolve(identifier) ?? identifier);
    this.#tombstones.set(identifier, requestedAt);
  }

  /** True if an entry that was found under this identifier was requested before its organization ended. */
  isTombstoned(identifier: string, entry: Entry): boolean {
    const endedAt = this.#tombstones.get(identifier);
    return endedAt !== undefined && entry.requestedAt <= endedAt;
  }

  /**
   * Returns true, and notes `now`, if no background refresh of this organization was started in the last `intervalMs`.
   * A clock that was set back does not suppress a refresh.
   */
  claimRevalidation(organizationId: string, now: number, intervalMs: number): boolean {
    const last = this.#revalidatedAt.get(organizationId);
    if (last !== undefined && now >= last && now - last < intervalMs) return false;
    this.#revalidatedAt.set(organizationId, now);
    return true;
  }

  #setAliases(entry: Entry, askedAs: string, answeredAliases: readonly string[]): void {
    for (const alias of aliasesOf(entry)) {
      if (alias === entry.name) continue;
      const other = this.#otherOwner(alias, entry);
      if (alias !== askedAs && other !== undefined && other.requestedAt > entry.requestedAt) continue;
      // An alias that has moved here no longer leads to the other organization.
      const isAnswer = alias === askedAs || answeredAliases.includes(alias);
      this.#aliases.set(alias, { organizationId: entry.organizationId, isAnswer });
    }
  }

  /** Another organization that was last seen with an alias of this one. */
  #otherOwner(alias: string, { organizationId }: Entry): Entry | undefined {
    const id = this.#aliases.get(alias)?.organizationId;
    return alias === organizationId || id === undefined || id === organizationId ? undefined : this.peek(id);
  }

  #resolve(identifier: string): string | undefined {
    if (this.#entries.has(identifier)) return identifier;
    const target = this.#aliases.get(identifier);
    if (target?.isAnswer) return target.organizationId;
    const id = identifier.toLowerCase();
    return this.#entries.get(id)?.idSpelling === identifier ? id : undefined;
  }
}

function sizeOf(entry: Entry): number {
  return entry.body.byteLength + 2 * identifiersOf(entry).join("").length + ENTRY_OVERHEAD_BYTES;
}
