/**
 * What an object knows of its name, brought by requests of Stytch: an entry, or that there is none. What began earlier never takes the
 * place of what began later, and nothing from before a purge survives it, in whatever order they come. No I/O; times are in ms since the epoch.
 */
import type { Config } from "../../config.ts";
import { type Entry, hasIdentifier } from "../entry.ts";
import { freshnessOf } from "../freshness.ts";

export interface EntryState {
  entry: Entry | undefined;
  /** When the request began that this comes from. */
  requestedAt: number;
  /** When one began that said there is no such organization. */
  endedAt: number;
  /** A 404 that is remembered. */
  negative: { readonly until: number; readonly purgeEpoch: number } | undefined;
  /** The latest purge of this. */
  latestPurge: number;
  /** The latest purge of anything that was heard of. */
  latestSeen: number;
}

/** `began`: of what was known before the object was evicted. */
export const createEntryState = (requestedAt: number = Number.NEGATIVE_INFINITY): EntryState => ({
  entry: undefined,
  requestedAt,
  endedAt: Number.NEGATIVE_INFINITY,
  negative: undefined,
  latestPurge: 0,
  latestSeen: 0,
});

export function observeSequence(known: EntryState, heard: number, purge: number): void {
  known.latestSeen = Math.max(known.latestSeen, heard, purge);
  known.latestPurge = Math.max(known.latestPurge, purge);
}

/** Nothing is left but the purges. */
export function resetEntryState(known: EntryState): void {
  Object.assign(known, {
    ...createEntryState(),
    latestPurge: known.latestPurge,
    latestSeen: known.latestSeen,
  });
}

/** A time for a request that begins now: later than whatever is known, though it was learned in the same millisecond. */
export const nextRequestTime = (known: EntryState, now: number) => Math.max(now, known.requestedAt + 1);

/** Returns whether it is what is known now. */
export function applyEntry(known: EntryState, entry: Entry): boolean {
  observeSequence(known, entry.purgeEpoch, 0);
  if (
    entry.purgeEpoch < known.latestPurge ||
    entry.requestedAt < known.requestedAt ||
    entry.requestedAt <= known.endedAt
  )
    return false;
  known.entry = entry;
  known.negative = undefined;
  known.requestedAt = entry.requestedAt;
  return true;
}

/** What was known has ended; `absent`: and a 404 is remembered. Nothing, where what is known began later. */
export function applyEnd(known: EntryState, began: number, absent: EntryState["negative"]): void {
  if (began < known.requestedAt) return;
  resetEntryState(known);
  known.requestedAt = began;
  known.endedAt = began;
  known.negative = absent;
}

/** The entry, if it bears this name and is not dead. */
export function servableEntry(
  known: EntryState,
  name: string,
  now: number,
  cache: Config["cache"],
): Entry | null {
  const { entry, latestPurge } = known;
  if (entry === undefined || entry.purgeEpoch < latestPurge || !hasIdentifier(entry, name)) return null;
  return freshnessOf(entry.receivedAt, now, cache) === "expired" ? null : entry;
}

export function isKnownMissing({ negative, latestPurge }: EntryState, now: number): boolean {
  return negative !== undefined && now < negative.until && negative.purgeEpoch >= latestPurge;
}
