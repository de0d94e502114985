/**
 * What KV has under one name, as the one object that writes it knows: the body of an organization, or which organization a slug or external
 * ID stands for. It outlives the object in its storage. All writes go on behind the call that caused them.
 */
import type { Config } from "../../config.ts";
import type { Entry } from "../entry.ts";
import { kvLifeSeconds } from "../freshness.ts";
import { deleteStored, type Shelf, writeAlias, writeEntry } from "../kv.ts";
import { newWriter, type Wish, write } from "./kv-write-queue.ts";
import {
  CALLS_OF_A_WRITE,
  isWorthWriting,
  type Stored,
  storedOf,
  wouldHaveBeenSpared,
} from "./write-policy.ts";

/** How long KV keeps what a name stands for. That is a hint, checked on the entry, so it may outlive many; after half of this it is renewed. */
const POINTER_LIFE_SECONDS = 7 * 86_400;

const STORED = "stored";
const POINTER = "pointer";

/** Kept in the storage as soon as the name is answered, whatever KV does: isolates have seen it then. */
interface Pointer {
  readonly organizationId: string;
  /** When KV took it, ms since the epoch. */
  readonly writtenAt: number;
}

export interface KvCopy {
  readonly storage: SyncKvStorage;
  readonly shelf: () => Shelf;
  readonly cache: () => Config["cache"];
  readonly waitUntil: (work: Promise<void>) => void;
  readonly writer: ReturnType<typeof newWriter>;
  stored: Stored | undefined;
  pointer: Pointer | undefined;
  /** Calls that a newer copy would have spared, since the last write. */
  spared: number;
  /** Whether something is there: undefined where nobody knows. */
  isThere: boolean | undefined;
}

export function kvCopy(fixed: Pick<KvCopy, "storage" | "shelf" | "cache" | "waitUntil">): KvCopy {
  const stored = fixed.storage.get<Stored>(STORED);
  const pointer = fixed.storage.get<Pointer>(POINTER);
  const isThere = stored !== undefined || pointer !== undefined ? true : undefined;
  return { ...fixed, writer: newWriter(), stored, pointer, spared: 0, isThere };
}

/** The organization is at `entry` now: it is written where that is worth it. */
export function keepEntry(copy: KvCopy, entry: Entry): void {
  if (!isWorthWriting(copy.stored, entry, copy.spared, copy.cache())) return;
  copy.spared = 0;
  copy.stored = storedOf(entry);
  const writing = async () => await writeEntry(copy.shelf(), entry, kvLifeSeconds(copy.cache()));
  put(copy, writing, (written) => {
    // It may have been cleared meanwhile.
    if (copy.stored?.began !== entry.began) return;
    if (written) return copy.storage.put(STORED, copy.stored);
    copy.stored = undefined;
    drop(copy.storage, STORED);
  });
}

/** Somebody who has an entry from `has`, or none, was answered with `held` by the object. */
export function countCall(copy: KvCopy, held: Entry, has: number | null): void {
  if (!wouldHaveBeenSpared(copy.stored, held, has)) return;
  copy.spared += 1;
  if (copy.spared >= CALLS_OF_A_WRITE) keepEntry(copy, held);
}

/** The name stands for this organization. */
export function keepPointer(copy: KvCopy, name: string, organizationId: string): void {
  const now = Date.now();
  const { pointer } = copy;
  const isSame = pointer?.organizationId === organizationId;
  if (isSame && now - pointer.writtenAt < (POINTER_LIFE_SECONDS / 2) * 1_000) return;
  if (!isSame) setPointer(copy, { organizationId, writtenAt: Number.NEGATIVE_INFINITY });
  const writing = async () => await writeAlias(copy.shelf(), name, organizationId, POINTER_LIFE_SECONDS);
  put(copy, writing, (written) => {
    const isStill = copy.pointer?.organizationId === organizationId;
    if (written && isStill) setPointer(copy, { organizationId, writtenAt: now });
  });
}

function setPointer(copy: KvCopy, pointer: Pointer): void {
  copy.pointer = pointer;
  copy.storage.put(POINTER, pointer);
}

/** Nothing is to be left there: `known`, where something is known to be; `possible`, where nobody knows that nothing is. */
export function clear(copy: KvCopy, name: string, what: "known" | "possible"): void {
  const mayBeThere = what === "known" ? copy.isThere === true : copy.isThere !== false;
  copy.stored = undefined;
  copy.pointer = undefined;
  drop(copy.storage, STORED);
  drop(copy.storage, POINTER);
  if (!mayBeThere) return;
  copy.isThere = false;
  const writing = async () => await deleteStored(copy.shelf(), name);
  queue(copy, writing, (written) => {
    if (!written) copy.isThere = undefined;
  });
}

/** An object that never kept anything has no storage, and a delete would make it one: names that nobody has are asked for, too. */
export function drop(storage: SyncKvStorage, key: string): void {
  if (storage.get(key) !== undefined) storage.delete(key);
}

function put(copy: KvCopy, writing: Wish["write"], done: Wish["done"]): void {
  copy.isThere = true;
  queue(copy, writing, done);
}

function queue(copy: KvCopy, writing: Wish["write"], done: Wish["done"]): void {
  copy.waitUntil(write(copy.writer, { write: writing, done }));
}
