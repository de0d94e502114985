/**
 * The isolate's side of purges: what the Directory lists, and which entries do not survive it. KV takes up to a minute to show a change
 * everywhere; this list makes a purge hold everywhere within `LEASE_SECONDS`, whatever KV shows.
 *
 * The Directory numbers purges. An entry bears the number of the latest purge that anyone on its way had heard of when its upstream
 * request began: it came after all purges up to that one, and a later one under any of its names ends it. So the clocks of two machines are
 * never compared, and who heard too little only asks Stytch once more.
 *
 *   age of the list            what happens before an answer from the cache
 *   under half the lease       nothing
 *   under the lease            nothing; the list is renewed behind the answer
 *   over it                    the Directory is asked first, for a bounded time
 *   over it, and that failed   for the time of a lease nobody waits for it: purges do
 */
import type { Config } from "../../config.ts";
import { type Entry, namesOf } from "../entry.ts";

/** The longest that an answer waits for the Directory, in ms. */
export const DIRECTORY_WAIT_MS = 1_000;

/** Purges that are listed one by one, in the Directory and in an isolate; before the oldest of them, everything counts as purged. */
export const MOST_PURGES = 5_000;

export interface Purge {
  /** An ID, slug or external ID. */
  readonly name: string;
  readonly number: number;
}

/** What the Directory answers to who knows the purges up to some number. */
export interface PurgeNews {
  readonly purges: readonly Purge[];
  /** Entries from before this purge have ended, whatever they are called. */
  readonly floor: number;
  /** The number of the latest purge. */
  readonly latest: number;
}

/** Plain data of an isolate. */
export interface Purges {
  /** The latest purge under each name, the oldest first. */
  readonly numbers: Map<string, number>;
  floor: number;
  /** Up to which purge the list is complete. */
  listed: number;
  /** The latest purge that this isolate has heard of, from whomever. */
  heard: number;
  /** When the Directory was asked for this list, and when it last failed somebody who waited; ms since the epoch. */
  askedAt: number;
  failedAt: number;
  /** When a renewal behind an answer began, and when somebody who waits asked. */
  renewing: number | undefined;
  asking: number | undefined;
}

export const noPurges = (): Purges => ({
  numbers: new Map(),
  floor: 0,
  listed: 0,
  heard: 0,
  askedAt: Number.NEGATIVE_INFINITY,
  failedAt: Number.NEGATIVE_INFINITY,
  renewing: undefined,
  asking: undefined,
});

/** The purge that an entry of these names has to be younger than; 0 where there is none. */
export function purgeOf(purges: Purges, names: readonly string[]): number {
  return Math.max(purges.floor, ...names.map((name) => purges.numbers.get(name) ?? 0));
}

/** Whether no purge that this isolate knows of has ended the entry. */
export function survives(purges: Purges, entry: Entry): boolean {
  return entry.afterPurge >= purgeOf(purges, namesOf(entry));
}

/** Takes in one purge, which may be known already. */
export function notePurge(purges: Purges, { name, number }: Purge): void {
  const before = purges.numbers.get(name) ?? 0;
  purges.heard = Math.max(purges.heard, number);
  if (number < before) return;
  purges.numbers.delete(name);
  purges.numbers.set(name, number);
  const [oldest] = purges.numbers;
  if (purges.numbers.size <= MOST_PURGES || oldest === undefined) return;
  purges.numbers.delete(oldest[0]);
  purges.floor = Math.max(purges.floor, oldest[1]);
}

/** `ask`: one call of the Directory, bounded in time, for what came after a purge. */
export interface Asking {
  readonly ask: (after: number) => Promise<PurgeNews>;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/**
 * Null where the list may be used as it is. Otherwise resolves, always, when it may: to false where the Directory failed, and the list is as
 * it was. At most one call of the Directory.
 */
export function renewPurges(purges: Purges, config: Config, asking: Asking): Promise<boolean> | null {
  const now = asking.now();
  const leaseMs = config.leaseSeconds * 1_000;
  // What is from the future is of a clock that has gone back since.
  const isWithin = (since: number, ms: number) => now >= since && now - since < ms;
  const isCurrent = isWithin(purges.askedAt, leaseMs);
  if (!isCurrent && !isWithin(purges.failedAt, leaseMs)) return askFirst(purges, now, asking);
  if (!isWithin(purges.askedAt, leaseMs / 2)) renewBehind(purges, now, asking);
  return null;
}

/** How often one that waits for another's question looks whether it has been answered, in ms. */
const LOOK_AGAIN_MS = 10;

/** One asks, and the others in the isolate wait for what comes of it: promises are not shared, the list is. */
async function askFirst(purges: Purges, now: number, asking: Asking): Promise<boolean> {
  const since = purges.asking;
  if (since !== undefined && now >= since && now - since < DIRECTORY_WAIT_MS) {
    for (let waited = 0; waited < DIRECTORY_WAIT_MS && purges.asking === since; waited += LOOK_AGAIN_MS) {
      await asking.wait(LOOK_AGAIN_MS);
    }
    if (purges.asking !== since) return purges.askedAt >= since;
    // Whoever asked was cut off.
  }
  const askedAt = asking.now();
  purges.asking = askedAt;
  const asked = askNow(purges, askedAt, asking).then((isListed) => {
    // That a renewal behind an answer failed would be no reason not to wait.
    if (!isListed) purges.failedAt = asking.now();
    if (purges.asking === askedAt) purges.asking = undefined;
    return isListed;
  });
  // For the others it goes on when its caller leaves.
  asking.waitUntil(asked);
  return await asked;
}

async function askNow(purges: Purges, askedAt: number, asking: Asking): Promise<boolean> {
  try {
    const news = await asking.ask(purges.listed);
    for (const purge of news.purges) notePurge(purges, purge);
    purges.floor = Math.max(purges.floor, news.floor);
    // Answers may come out of order; a list only grows.
    purges.listed = Math.max(purges.listed, news.latest);
    purges.heard = Math.max(purges.heard, news.latest);
    if (askedAt > purges.askedAt || purges.askedAt > asking.now()) purges.askedAt = askedAt;
    return true;
  } catch {
    return false;
  }
}

/** One at a time in an isolate; one that failed, or was cut off, makes way when it must be over. */
function renewBehind(purges: Purges, now: number, asking: Asking): void {
  const since = purges.renewing;
  if (since !== undefined && now >= since && now - since < 2 * DIRECTORY_WAIT_MS) return;
  purges.renewing = now;
  const renewal = askNow(purges, now, asking).then((isListed) => {
    if (isListed && purges.renewing === now) purges.renewing = undefined;
  });
  asking.waitUntil(renewal);
}
