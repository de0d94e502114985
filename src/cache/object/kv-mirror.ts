/**
 * What KV has under one name, as the one object that writes it knows: the body of an organization, or which organization a slug or external
 * ID stands for. It outlives the object in its storage. All writes go on behind the call that caused them.
 */
import type { Config } from "../../config.ts";
import type { Entry } from "../entry.ts";
import { kvTtlSeconds } from "../freshness.ts";
import { deleteKvValue, type KvScope, writeKvAlias, writeKvEntry } from "../kv.ts";
import { createKvWriteQueue, enqueueWrite, type PendingWrite } from "./kv-write-queue.ts";
import {
  isAvoidableRead,
  isWorthWriting,
  type MirroredVersion,
  mirroredVersionOf,
  READS_PER_WRITE,
} from "./write-policy.ts";

/** How long KV keeps what a name stands for. That is a hint, checked on the entry, so it may outlive many; after half of this it is renewed. */
const ALIAS_TTL_SECONDS = 7 * 86_400;

const ENTRY_KEY = "stored";
const ALIAS_KEY = "pointer";

/** Kept in the storage as soon as the name is answered, whatever KV does: isolates have seen it then. */
interface AliasRecord {
  readonly organizationId: string;
  /** When KV took it, ms since the epoch. */
  readonly writtenAt: number;
}

export interface KvMirror {
  readonly storage: SyncKvStorage;
  readonly scope: () => KvScope;
  readonly cache: () => Config["cache"];
  readonly waitUntil: (work: Promise<void>) => void;
  readonly queue: ReturnType<typeof createKvWriteQueue>;
  mirrored: MirroredVersion | undefined;
  alias: AliasRecord | undefined;
  /** Calls that a newer copy would have spared, since the last write. */
  avoidableReads: number;
  /** Whether something is there: undefined where nobody knows. */
  mayExist: boolean | undefined;
}

export function createKvMirror(fixed: Pick<KvMirror, "storage" | "scope" | "cache" | "waitUntil">): KvMirror {
  const mirrored = fixed.storage.get<MirroredVersion>(ENTRY_KEY);
  const alias = fixed.storage.get<AliasRecord>(ALIAS_KEY);
  const mayExist = mirrored !== undefined || alias !== undefined ? true : undefined;
  return { ...fixed, queue: createKvWriteQueue(), mirrored, alias, avoidableReads: 0, mayExist };
}

/** The organization is at `entry` now: it is written where that is worth it. */
export function mirrorEntry(copy: KvMirror, entry: Entry): void {
  if (!isWorthWriting(copy.mirrored, entry, copy.avoidableReads, copy.cache())) return;
  copy.avoidableReads = 0;
  copy.mirrored = mirroredVersionOf(entry);
  const writing = async () => await writeKvEntry(copy.scope(), entry, kvTtlSeconds(copy.cache()));
  enqueuePut(copy, writing, (written) => {
    // It may have been cleared meanwhile.
    if (copy.mirrored?.requestedAt !== entry.requestedAt) return;
    if (written) return copy.storage.put(ENTRY_KEY, copy.mirrored);
    copy.mirrored = undefined;
    deleteIfPresent(copy.storage, ENTRY_KEY);
  });
}

/** Somebody who has an entry from `has`, or none, was answered with `held` by the object. */
export function countAvoidableRead(copy: KvMirror, held: Entry, has: number | null): void {
  if (!isAvoidableRead(copy.mirrored, held, has)) return;
  copy.avoidableReads += 1;
  if (copy.avoidableReads >= READS_PER_WRITE) mirrorEntry(copy, held);
}

/** The name stands for this organization. */
export function mirrorAlias(copy: KvMirror, name: string, organizationId: string): void {
  const now = Date.now();
  const { alias } = copy;
  const isSame = alias?.organizationId === organizationId;
  if (isSame && now - alias.writtenAt < (ALIAS_TTL_SECONDS / 2) * 1_000) return;
  if (!isSame) setAlias(copy, { organizationId, writtenAt: Number.NEGATIVE_INFINITY });
  const writing = async () => await writeKvAlias(copy.scope(), name, organizationId, ALIAS_TTL_SECONDS);
  enqueuePut(copy, writing, (written) => {
    const isStill = copy.alias?.organizationId === organizationId;
    if (written && isStill) setAlias(copy, { organizationId, writtenAt: now });
  });
}

function setAlias(copy: KvMirror, pointer: AliasRecord): void {
  copy.alias = pointer;
  copy.storage.put(ALIAS_KEY, pointer);
}

/** Nothing is to be left there: `known`, where something is known to be; `possible`, where nobody knows that nothing is. */
export function clearMirror(copy: KvMirror, name: string, what: "known" | "possible"): void {
  const mayBeThere = what === "known" ? copy.mayExist === true : copy.mayExist !== false;
  copy.mirrored = undefined;
  copy.alias = undefined;
  deleteIfPresent(copy.storage, ENTRY_KEY);
  deleteIfPresent(copy.storage, ALIAS_KEY);
  if (!mayBeThere) return;
  copy.mayExist = false;
  const writing = async () => await deleteKvValue(copy.scope(), name);
  enqueue(copy, writing, (written) => {
    if (!written) copy.mayExist = undefined;
  });
}

/** An object that never kept anything has no storage, and a delete would make it one: names that nobody has are asked for, too. */
export function deleteIfPresent(storage: SyncKvStorage, key: string): void {
  if (storage.get(key) !== undefined) storage.delete(key);
}

function enqueuePut(copy: KvMirror, writing: PendingWrite["write"], done: PendingWrite["done"]): void {
  copy.mayExist = true;
  enqueue(copy, writing, done);
}

function enqueue(copy: KvMirror, writing: PendingWrite["write"], done: PendingWrite["done"]): void {
  copy.waitUntil(enqueueWrite(copy.queue, { write: writing, done }));
}
