/**
 * Where an organization comes from, the nearest first: memory of the isolate, KV, the organization's object, and Stytch itself
 * where that object fails. The entries know nothing of keys; whoever asks must have been let in before. What a purge has ended is
 * nowhere there, whatever holds it.
 */

import type { Failure } from "../errors.ts";
import { callObject, directoryOf } from "../platform/durable-object.ts";
import { type Call, noteDegraded } from "../request-context.ts";
import { bearsName, type Entry, namesOf } from "./entry.ts";
import { freshnessOf } from "./freshness.ts";
import { type KvRead, readEntry } from "./kv.ts";
import { end, hasEnded, isDisputed, type Memory, recall } from "./memory.ts";
import { readThrough } from "./object-client.ts";
import { type How, isHidden, type Read, type Want } from "./object-messages.ts";
import { DIRECTORY_WAIT_MS, type Purges, purgeOf, renewPurges, survives } from "./purge/purge-list.ts";
import { type Cache, keep, refreshBehind } from "./revalidate.ts";

/** How an answer came about. */
type Source =
  /** From memory, of the isolate or of the organization's object. */
  | "memory"
  | "kv"
  /** This caller's upstream request. */
  | "fetched"
  /** The upstream request of another caller, which this one waited for. */
  | "collapsed"
  /** An upstream request that the caller asked for, past the cache. */
  | "requested"
  /** One that another caller asked for at the same time. */
  | "requested_collapsed";

export interface Found {
  readonly entry: Entry;
  readonly source: Source;
  /** Whether it is found by the name that was asked for; one that it does not bear itself is asked of Stytch each time. */
  readonly isStored: boolean;
}

type Looked = (Found & { readonly failure?: never }) | { readonly entry?: never; readonly failure: Failure };

/** What was begun before the caller was let in. */
export interface Ahead {
  readonly listing: Promise<void> | null;
  readonly stored: Promise<KvRead>;
}

/** Begins the I/O of a lookup in an isolate that has nothing of it in memory. */
export function lookAhead(call: Call, { memory, purges }: Cache, identifier: string): Ahead | null {
  if (recall(memory, identifier, Date.now(), call.config.cache.memorySeconds) !== null) return null;
  return { listing: listPurges(call, purges), stored: readStored(call, memory, identifier) };
}

/**
 * Never throws. Costs as the budget of the design says: nothing from memory, one or two reads from KV, one object call on a miss. A
 * stale entry is answered at once and refreshed behind the answer; an older one hides an upstream that fails. `forced`: past the cache.
 */
export async function lookUp(
  call: Call,
  cache: Cache,
  identifier: string,
  forced: boolean,
  ahead: Ahead | null,
): Promise<Looked> {
  const { memory, purges } = cache;
  const began = Date.now();
  const listing = ahead === null ? listPurges(call, purges) : ahead.listing;
  if (forced) {
    // So that the request can be said to come after every purge there was.
    if (listing !== null) await listing;
    const purge = purgeOf(purges, [identifier]);
    return await fromObject(call, cache, identifier, null, {
      kind: "forced",
      has: null,
      wasSeen: false,
      purge,
    });
  }

  call.timings.cache = 0;
  const near = recall(memory, identifier, began, call.config.cache.memorySeconds);
  if (near !== null) {
    if (listing !== null) await listing;
    if (survives(purges, near) && isAnswered(call, cache, identifier, near))
      return { entry: near, source: "memory", isStored: true };
  }

  const [stored] = await Promise.all([ahead?.stored ?? readStored(call, memory, identifier), listing]);
  // KV may have taken so long that the list is too old by now.
  await listPurges(call, purges);
  const now = Date.now();
  call.timings.cache = now - began;
  if (stored.kind === "failed") noteDegraded(call, "kv_read");
  const kept = bestKept(call, cache, identifier, stored, now);
  if (kept?.isVouchedFor && isAnswered(call, cache, identifier, kept.entry))
    return { ...kept, isStored: true };
  return await fromObject(call, cache, identifier, kept, {
    kind: "answer",
    has: kept?.entry.began ?? null,
    wasSeen: kept !== null || stored.kind === "entry",
    purge: purgeOf(purges, [identifier]),
  });
}

async function readStored({ env, config }: Call, memory: Memory, identifier: string): Promise<KvRead> {
  const shelf = { kv: env.ORGANIZATIONS, project: config.stytch.projectId };
  return await readEntry(shelf, identifier, recall(memory, identifier, Date.now(), Number.POSITIVE_INFINITY));
}

interface Kept {
  readonly entry: Entry;
  readonly source: "memory" | "kv";
  /** KV has shown it, or could not be asked: it may be answered while it is young enough. Otherwise it only hides a failure. */
  readonly isVouchedFor: boolean;
}

/** The best of what there is after KV was asked. */
function bestKept(
  call: Call,
  { memory, purges }: Cache,
  identifier: string,
  stored: KvRead,
  now: number,
): Kept | null {
  const isUsable = (entry: Entry) =>
    freshnessOf(entry.fetchedAt, now, call.config.cache) !== "dead" && survives(purges, entry);
  if (
    stored.kind === "entry" &&
    isUsable(stored.entry) &&
    !hasEnded(memory, identifier, stored.entry) &&
    !isDisputed(memory, identifier, stored.entry)
  ) {
    const entry = keep({ memory, purges }, stored.entry, identifier, now);
    // What stands may be newer than what KV has, and have been renamed.
    return bearsName(entry, identifier) ? { entry, source: "kv", isVouchedFor: true } : null;
  }
  const entry = recall(memory, identifier, now, Number.POSITIVE_INFINITY);
  if (entry === null || !isUsable(entry)) return null;
  return { entry, source: "memory", isVouchedFor: stored.kind === "failed" };
}

/** Whether an entry is answered from as it is; a stale one is refreshed behind the answer. */
function isAnswered(call: Call, cache: Cache, identifier: string, entry: Entry): boolean {
  switch (freshnessOf(entry.fetchedAt, Date.now(), call.config.cache)) {
    case "fresh":
      return true;
    case "stale":
      refreshBehind(call, cache, identifier, entry);
      return true;
    case "on_error":
    case "dead":
      return false;
  }
}

type Wanted = Omit<Want, "heard">;

/** How often a read is made anew because a purge has come while it was made. Each takes a purge of its own. */
const MOST_READS = 3;

/** `kept`: an entry that is not answered while Stytch works. */
async function fromObject(
  call: Call,
  cache: Cache,
  identifier: string,
  kept: Kept | null,
  wanted: Wanted,
): Promise<Looked> {
  const { memory, purges } = cache;
  const began = Date.now();
  let want = wanted;
  let answer: Read = { failure: { type: "upstream_unavailable" }, call: null };
  for (let reads = 0; reads < MOST_READS; reads += 1) {
    answer = await readThrough(call, identifier, { ...want, heard: purges.heard });
    call.line.upstream = answer.call ?? call.line.upstream;
    // It may have taken long.
    await listPurges(call, purges);
    if (answer.entry === undefined) {
      const purge = purgeOf(purges, [identifier]);
      // A 404 from before a purge says nothing of what is there now.
      if (answer.failure !== "absent" || purge <= want.purge) break;
      want = { ...want, purge };
      continue;
    }
    purges.heard = Math.max(purges.heard, answer.entry.afterPurge);
    if (survives(purges, answer.entry)) break;
    want = { ...want, purge: purgeOf(purges, namesOf(answer.entry)) };
    answer = { failure: { type: "upstream_unavailable" }, call: answer.call };
  }
  const now = Date.now();
  call.timings.upstream = now - began;
  if (answer.entry !== undefined) {
    const standing = keep(cache, answer.entry, identifier, now);
    const isForced = want.kind === "forced";
    // Who forces a read gets what Stytch said to it, though by the clock of another machine something else is newer.
    const entry = !isForced && bearsName(standing, identifier) ? standing : answer.entry;
    return { entry, source: sourceOf(answer.how, isForced), isStored: bearsName(entry, identifier) };
  }
  if (answer.detail !== undefined) call.line.upstream_detail = answer.detail;
  if (isHidden(answer.failure)) {
    const older =
      kept ?? (answer.held === undefined ? null : { entry: answer.held, source: "memory" as const });
    const isUsable = older !== null && freshnessOf(older.entry.fetchedAt, now, call.config.cache) !== "dead";
    if (isUsable && want.kind !== "forced" && survives(purges, older.entry)) {
      noteDegraded(call, "upstream");
      return { ...older, isStored: true };
    }
  } else end(memory, identifier, began);
  return { failure: answer.failure === "absent" ? { type: "organization_not_found" } : answer.failure };
}

function sourceOf(how: How, refresh: boolean): Source {
  if (refresh) return how === "collapsed" ? "requested_collapsed" : "requested";
  return how === "held" ? "memory" : how;
}

/** Null where the list of purges may be used as it is; else resolves when it may. */
function listPurges(call: Call, purges: Purges): Promise<void> | null {
  const renewed = renewPurges(purges, call.config, {
    ask: async (after) =>
      await callObject(
        () => directoryOf(call.env),
        async (directory) => await directory.purgesSince(after),
        DIRECTORY_WAIT_MS,
      ),
    now: Date.now,
    wait: async (ms) => await scheduler.wait(ms),
    waitUntil: call.waitUntil,
  });
  return (
    renewed?.then((isListed) => {
      if (!isListed) noteDegraded(call, "directory");
    }) ?? null
  );
}
