/**
 * What an object knows of its name, brought by requests of Stytch: an entry, or that there is none. What began earlier never takes the
 * place of what began later, and nothing from before a purge survives it, in whatever order they come. No I/O; times are in ms since the epoch.
 */
import type { Config } from "../../config.ts";
import { bearsName, type Entry } from "../entry.ts";
import { freshnessOf } from "../freshness.ts";

export interface Known {
  held: Entry | undefined;
  /** When the request began that this comes from. */
  began: number;
  /** When one began that said there is no such organization. */
  ended: number;
  /** A 404 that is remembered. */
  absent: { readonly until: number; readonly afterPurge: number } | undefined;
  /** The latest purge of this. */
  purge: number;
  /** The latest purge of anything that was heard of. */
  heard: number;
}

/** `began`: of what was known before the object was evicted. */
export const nothingKnown = (began: number = Number.NEGATIVE_INFINITY): Known => ({
  held: undefined,
  began,
  ended: Number.NEGATIVE_INFINITY,
  absent: undefined,
  purge: 0,
  heard: 0,
});

export function hear(known: Known, heard: number, purge: number): void {
  known.heard = Math.max(known.heard, heard, purge);
  known.purge = Math.max(known.purge, purge);
}

/** Nothing is left but the purges. */
export function forgetKnown(known: Known): void {
  Object.assign(known, { ...nothingKnown(), purge: known.purge, heard: known.heard });
}

/** A time for a request that begins now: later than whatever is known, though it was learned in the same millisecond. */
export const nowAfter = (known: Known, now: number) => Math.max(now, known.began + 1);

/** Returns whether it is what is known now. */
export function takeIn(known: Known, entry: Entry): boolean {
  hear(known, entry.afterPurge, 0);
  if (entry.afterPurge < known.purge || entry.began < known.began || entry.began <= known.ended) return false;
  known.held = entry;
  known.absent = undefined;
  known.began = entry.began;
  return true;
}

/** What was known has ended; `absent`: and a 404 is remembered. Nothing, where what is known began later. */
export function takeEnd(known: Known, began: number, absent: Known["absent"]): void {
  if (began < known.began) return;
  forgetKnown(known);
  known.began = began;
  known.ended = began;
  known.absent = absent;
}

/** The entry, if it bears this name and is not dead. */
export function usable(known: Known, name: string, now: number, cache: Config["cache"]): Entry | null {
  const { held, purge } = known;
  if (held === undefined || held.afterPurge < purge || !bearsName(held, name)) return null;
  return freshnessOf(held.fetchedAt, now, cache) === "dead" ? null : held;
}

export function isAbsent({ absent, purge }: Known, now: number): boolean {
  return absent !== undefined && now < absent.until && absent.afterPurge >= purge;
}
