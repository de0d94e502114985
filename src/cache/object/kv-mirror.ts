/**
 * What KV holds under the name of one Organization object, which is the only writer of that key: the entry of an
 * organization, or the organization ID that an alias names. What was written is recorded in the object's storage, so it
 * outlives an eviction. All writes go through one queue, in the background.
 *
 *   mayExist    meaning                                        an end of the entry   a purge
 *   true        a value was written, or a caller has seen one  deletes               deletes
 *   undefined   nobody knows                                   leaves KV alone       deletes
 *   false       the key was deleted                            leaves KV alone       leaves KV alone
 */
import type { Config } from "../../config.ts";
import type { LogDegraded } from "../../log.ts";
import type { Entry } from "../entry.ts";
import { kvTtlSeconds } from "../freshness.ts";
import { deleteKvValue, type KvScope, writeKvAlias, writeKvEntry } from "../kv.ts";
import { KvWriteQueue, type PendingWrite } from "./kv-write-queue.ts";
import {
  isAvoidableRead,
  isWorthWriting,
  type MirroredVersion,
  mirroredVersionOf,
  READS_PER_WRITE,
} from "./write-policy.ts";

/**
 * The TTL of an alias in KV. An alias is a hint that is checked against the entry, so it may outlive many entries. It
 * is written again after half of this.
 */
const ALIAS_TTL_SECONDS = 7 * 86_400;

/**
 * How long a value waits before it is written. The object and its reader may share a thread, and the work of the write
 * would delay the answer that caused it.
 */
const PUT_DELAY_MS = 1;

const ENTRY_KEY = "mirrored-entry";
const ALIAS_KEY = "mirrored-alias";

/** Stored as soon as the alias is answered, even if KV refuses it: isolates have seen the answer then. */
interface AliasRecord {
  readonly organizationId: string;
  /** When KV took it, ms since the epoch; -Infinity if it has not. */
  readonly writtenAt: number;
}

/**
 * What the mirror needs of its object. The scope and the configuration are read late: they need the environment parsed.
 */
export interface KvMirrorHost {
  readonly storage: SyncKvStorage;
  readonly scope: () => KvScope;
  readonly cache: () => Config["cache"];
  readonly waitUntil: (work: Promise<void>) => void;
  /** By default, it is only logged. */
  readonly logDegraded?: LogDegraded;
}

export class KvMirror {
  readonly #host: KvMirrorHost;
  readonly #queue: KvWriteQueue;
  #mirrored: MirroredVersion | undefined;
  #alias: AliasRecord | undefined;
  /** Reads of the object since the last write that a newer copy in KV would have saved. */
  #avoidableReads = 0;
  #mayExist: boolean | undefined;

  constructor(host: KvMirrorHost) {
    this.#host = host;
    this.#queue = new KvWriteQueue(host.logDegraded);
    this.#mirrored = host.storage.get<MirroredVersion>(ENTRY_KEY);
    this.#alias = host.storage.get<AliasRecord>(ALIAS_KEY);
    this.#mayExist = this.#mirrored !== undefined || this.#alias !== undefined ? true : undefined;
  }

  /** `requestedAt` of the entry that was written last. */
  get mirroredAt(): number | undefined {
    return this.#mirrored?.requestedAt;
  }

  /** The organization that the object's name was last seen to be an alias of. */
  get aliasOf(): string | undefined {
    return this.#alias?.organizationId;
  }

  /** True if KV may hold a value, false if it was deleted, undefined if nobody knows. */
  get mayExist(): boolean | undefined {
    return this.#mayExist;
  }

  /** A caller has an entry from KV, or had one. */
  noteSeen(): void {
    this.#mayExist ??= true;
  }

  /** Writes the current entry of the organization if the write policy says so. */
  mirrorEntry(entry: Entry): void {
    if (!isWorthWriting(this.#mirrored, entry, this.#avoidableReads, this.#host.cache())) return;
    this.#avoidableReads = 0;
    this.#mirrored = mirroredVersionOf(entry);
    const write = async () => await writeKvEntry(this.#host.scope(), entry, kvTtlSeconds(this.#host.cache()));
    this.#enqueuePut(write, (written) => {
      // The mirror may have been cleared, or a newer entry be waiting.
      if (this.#mirrored?.requestedAt !== entry.requestedAt) return;
      if (written) return this.#host.storage.put(ENTRY_KEY, this.#mirrored);
      this.#mirrored = undefined;
      deleteIfPresent(this.#host.storage, ENTRY_KEY);
    });
  }

  /**
   * Counts a read that returned `held` to a caller whose newest entry is of `newestRequestedAt`; enough of them cause a
   * write.
   */
  countAvoidableRead(held: Entry, newestRequestedAt: number | null): void {
    if (!isAvoidableRead(this.#mirrored, held, newestRequestedAt)) return;
    this.#avoidableReads += 1;
    if (this.#avoidableReads >= READS_PER_WRITE) this.mirrorEntry(held);
  }

  /**
   * Records and writes that `alias`, the object's name, names this organization: if that is new, or was written long
   * ago.
   */
  mirrorAlias(alias: string, organizationId: string): void {
    const now = Date.now();
    const before = this.#alias;
    const isSame = before?.organizationId === organizationId;
    if (isSame && now - before.writtenAt < (ALIAS_TTL_SECONDS / 2) * 1_000) return;
    if (!isSame) this.#setAlias({ organizationId, writtenAt: Number.NEGATIVE_INFINITY });
    const write = async () =>
      await writeKvAlias(this.#host.scope(), alias, organizationId, ALIAS_TTL_SECONDS);
    this.#enqueuePut(write, (written) => {
      const isCurrent = this.#alias?.organizationId === organizationId;
      if (written && isCurrent) this.#setAlias({ organizationId, writtenAt: now });
    });
  }

  /**
   * Forgets what was written, and deletes it from KV: `known`, if something is known to be there; `possible`, unless it
   * is known that nothing is. Names that nobody has are asked for, too, and must not cost a delete each.
   */
  clear(name: string, what: "known" | "possible"): void {
    const mustDelete = what === "known" ? this.#mayExist === true : this.#mayExist !== false;
    this.#mirrored = undefined;
    this.#alias = undefined;
    deleteIfPresent(this.#host.storage, ENTRY_KEY);
    deleteIfPresent(this.#host.storage, ALIAS_KEY);
    if (!mustDelete) return;
    this.#mayExist = false;
    const write = async () => await deleteKvValue(this.#host.scope(), name);
    const done = (written: boolean) => {
      if (!written) this.#mayExist = undefined;
    };
    this.#host.waitUntil(this.#queue.enqueue({ write, done }));
  }

  #setAlias(record: AliasRecord): void {
    this.#alias = record;
    this.#host.storage.put(ALIAS_KEY, record);
  }

  #enqueuePut(write: PendingWrite["write"], done: PendingWrite["done"]): void {
    this.#mayExist = true;
    this.#host.waitUntil(this.#queue.enqueue({ write, done }, PUT_DELAY_MS));
  }
}

/**
 * Deletes a key only if it is set: an object that never stored anything has no storage, and a delete would create it.
 */
export function deleteIfPresent(storage: SyncKvStorage, key: string): void {
  if (storage.get(key) !== undefined) storage.delete(key);
}
