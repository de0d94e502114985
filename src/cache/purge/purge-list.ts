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
import { type Entry, identifiersOf } from "../entry.ts";

/** The longest that an answer waits for the Directory, in ms. */
export const DIRECTORY_TIMEOUT_MS = 1_000;

/** Purges that are listed one by one, in the Directory and in an isolate; before the oldest of them, everything counts as purged. */
export const MAX_PURGES = 5_000;

export interface Purge {
  /** An ID, slug or external ID. */
  readonly name: string;
  readonly sequence: number;
}

/** What the Directory answers to who knows the purges up to some number. */
export interface PurgeUpdates {
  readonly purges: readonly Purge[];
  /** Entries from before this purge have ended, whatever they are called. */
  readonly purgedBefore: number;
  /** The number of the latest purge. */
  readonly latest: number;
}

/** Plain data of an isolate. */
export interface PurgeList {
  /** The latest purge under each name, the oldest first. */
  readonly sequences: Map<string, number>;
  purgedBefore: number;
  /** Up to which purge the list is complete. */
  syncedThrough: number;
  /** The latest purge that this isolate has heard of, from whomever. */
  latestSeen: number;
  /** When the Directory was asked for this list, and when it last failed somebody who waited; ms since the epoch. */
  syncedAt: number;
  failedAt: number;
  /** When a renewal behind an answer began, and when somebody who waits asked. */
  backgroundSyncAt: number | undefined;
  blockingSyncAt: number | undefined;
}

export const createPurgeList = (): PurgeList => ({
  sequences: new Map(),
  purgedBefore: 0,
  syncedThrough: 0,
  latestSeen: 0,
  syncedAt: Number.NEGATIVE_INFINITY,
  failedAt: Number.NEGATIVE_INFINITY,
  backgroundSyncAt: undefined,
  blockingSyncAt: undefined,
});

/** The purge that an entry of these names has to be younger than; 0 where there is none. */
export function latestPurgeOf(purges: PurgeList, names: readonly string[]): number {
  return Math.max(purges.purgedBefore, ...names.map((name) => purges.sequences.get(name) ?? 0));
}

/** Whether no purge that this isolate knows of has ended the entry. */
export function survivesPurges(purges: PurgeList, entry: Entry): boolean {
  return entry.purgeEpoch >= latestPurgeOf(purges, identifiersOf(entry));
}

/** Takes in one purge, which may be known already. */
export function addPurge(purges: PurgeList, { name, sequence }: Purge): void {
  const before = purges.sequences.get(name) ?? 0;
  purges.latestSeen = Math.max(purges.latestSeen, sequence);
  if (sequence < before) return;
  purges.sequences.delete(name);
  purges.sequences.set(name, sequence);
  const [oldest] = purges.sequences;
  if (purges.sequences.size <= MAX_PURGES || oldest === undefined) return;
  purges.sequences.delete(oldest[0]);
  purges.purgedBefore = Math.max(purges.purgedBefore, oldest[1]);
}

/** `ask`: one call of the Directory, bounded in time, for what came after a purge. */
export interface PurgeSource {
  readonly fetchUpdates: (after: number) => Promise<PurgeUpdates>;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/**
 * Null where the list may be used as it is. Otherwise resolves, always, when it may: to false where the Directory failed, and the list is as
 * it was. At most one call of the Directory.
 */
export function ensureSynced(
  purges: PurgeList,
  config: Config,
  asking: PurgeSource,
): Promise<boolean> | null {
  const now = asking.now();
  const leaseMs = config.leaseSeconds * 1_000;
  // What is from the future is of a clock that has gone back since.
  const isWithin = (since: number, ms: number) => now >= since && now - since < ms;
  const isCurrent = isWithin(purges.syncedAt, leaseMs);
  if (!isCurrent && !isWithin(purges.failedAt, leaseMs)) return syncBeforeAnswer(purges, now, asking);
  if (!isWithin(purges.syncedAt, leaseMs / 2)) syncInBackground(purges, now, asking);
  return null;
}

/** How often one that waits for another's question looks whether it has been answered, in ms. */
const POLL_INTERVAL_MS = 10;

/** One asks, and the others in the isolate wait for what comes of it: promises are not shared, the list is. */
async function syncBeforeAnswer(purges: PurgeList, now: number, asking: PurgeSource): Promise<boolean> {
  const since = purges.blockingSyncAt;
  if (since !== undefined && now >= since && now - since < DIRECTORY_TIMEOUT_MS) {
    for (
      let waited = 0;
      waited < DIRECTORY_TIMEOUT_MS && purges.blockingSyncAt === since;
      waited += POLL_INTERVAL_MS
    ) {
      await asking.wait(POLL_INTERVAL_MS);
    }
    if (purges.blockingSyncAt !== since) return purges.syncedAt >= since;
    // Whoever asked was cut off.
  }
  const askedAt = asking.now();
  purges.blockingSyncAt = askedAt;
  const asked = syncNow(purges, askedAt, asking).then((isListed) => {
    // That a renewal behind an answer failed would be no reason not to wait.
    if (!isListed) purges.failedAt = asking.now();
    if (purges.blockingSyncAt === askedAt) purges.blockingSyncAt = undefined;
    return isListed;
  });
  // For the others it goes on when its caller leaves.
  asking.waitUntil(asked);
  return await asked;
}

async function syncNow(purges: PurgeList, askedAt: number, asking: PurgeSource): Promise<boolean> {
  try {
    const news = await asking.fetchUpdates(purges.syncedThrough);
    for (const purge of news.purges) addPurge(purges, purge);
    purges.purgedBefore = Math.max(purges.purgedBefore, news.purgedBefore);
    // Answers may come out of order; a list only grows.
    purges.syncedThrough = Math.max(purges.syncedThrough, news.latest);
    purges.latestSeen = Math.max(purges.latestSeen, news.latest);
    if (askedAt > purges.syncedAt || purges.syncedAt > asking.now()) purges.syncedAt = askedAt;
    return true;
  } catch {
    return false;
  }
}

/** One at a time in an isolate; one that failed, or was cut off, makes way when it must be over. */
function syncInBackground(purges: PurgeList, now: number, asking: PurgeSource): void {
  const since = purges.backgroundSyncAt;
  if (since !== undefined && now >= since && now - since < 2 * DIRECTORY_TIMEOUT_MS) return;
  purges.backgroundSyncAt = now;
  const renewal = syncNow(purges, now, asking).then((isListed) => {
    if (isListed && purges.backgroundSyncAt === now) purges.backgroundSyncAt = undefined;
  });
  asking.waitUntil(renewal);
}
