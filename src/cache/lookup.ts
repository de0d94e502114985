/**
 * Where an organization comes from, the nearest first: memory of the isolate, KV, the organization's object, and Stytch itself
 * where that object fails. The entries know nothing of keys; whoever asks must have been let in before.
 */
import { type Call, noteDegraded } from "../call.ts";
import type { Config } from "../config.ts";
import type { Failure } from "../errors.ts";
import { log } from "../log.ts";
import { callObject } from "../object-call.ts";
import { bearsName, type Entry } from "./entry.ts";
import { fetchEntry } from "./fetch-entry.ts";
import { freshnessOf } from "./freshness.ts";
import { readEntry } from "./kv.ts";
import { end, hasEnded, type Memory, recall, remember } from "./memory.ts";
import { type How, isHidden, type Read, type Want } from "./organization.ts";

/** How an answer came about. */
export type Source =
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

export type Looked =
  | { readonly entry: Entry; readonly source: Source }
  | { readonly entry?: never; readonly failure: Failure };

/** Beyond the upstream's own deadline, in ms: the way to the object and back. */
const OBJECT_MARGIN_MS = 1_000;

/**
 * Never throws. Costs as the budget of the design says: nothing from memory, one or two reads from KV, one object call on a miss. A
 * stale entry is answered at once and refreshed behind the answer; an older one hides an upstream that fails. `refresh`: past the cache.
 */
export async function lookUp(
  call: Call,
  memory: Memory,
  identifier: string,
  refresh: boolean,
): Promise<Looked> {
  const { config } = call;
  const began = Date.now();
  if (refresh)
    return await fromObject(call, memory, identifier, null, { hasEntry: false, mayBeStored: true, refresh });

  call.timings.cache = 0;
  const near = recall(memory, identifier, began, config.cache.memorySeconds);
  if (near !== null && isAnswered(call, memory, identifier, near)) return { entry: near, source: "memory" };

  const shelf = { kv: call.env.ORGANIZATIONS, project: config.stytch.projectId };
  const stored = await readEntry(shelf, identifier);
  const read = Date.now();
  call.timings.cache = read - began;
  let kept: Kept | null = null;
  if (
    stored.kind === "entry" &&
    isUsable(stored.entry, read, config) &&
    !hasEnded(memory, identifier, stored.entry)
  ) {
    const entry = remember(memory, stored.entry, identifier, read);
    // What stands may be newer than what KV has, and have been renamed.
    if (bearsName(entry, identifier)) kept = { entry, source: "kv" };
  } else if (stored.kind === "failed") {
    noteDegraded(call, "kv_read");
    const entry = recall(memory, identifier, read, Number.POSITIVE_INFINITY);
    if (entry !== null && isUsable(entry, read, config)) kept = { entry, source: "memory" };
  }
  if (kept !== null && isAnswered(call, memory, identifier, kept.entry)) return kept;
  const mayBeStored = kept !== null || stored.kind !== "none";
  return await fromObject(call, memory, identifier, kept, { hasEntry: kept !== null, mayBeStored, refresh });
}

const isUsable = (entry: Entry, now: number, config: Config) =>
  freshnessOf(entry.fetchedAt, now, config.cache) !== "dead";

interface Kept {
  readonly entry: Entry;
  readonly source: "memory" | "kv";
}

/** Whether an entry is answered from as it is; a stale one is refreshed behind the answer. */
function isAnswered(call: Call, memory: Memory, identifier: string, entry: Entry): boolean {
  switch (freshnessOf(entry.fetchedAt, Date.now(), call.config.cache)) {
    case "fresh":
      return true;
    case "stale":
      refreshBehind(call, memory, identifier, entry);
      return true;
    case "on_error":
    case "dead":
      return false;
  }
}

/** `kept`: an entry that is too old to answer from while Stytch works. */
async function fromObject(
  call: Call,
  memory: Memory,
  identifier: string,
  kept: Kept | null,
  want: Want,
): Promise<Looked> {
  const began = Date.now();
  const answer = await readThrough(call, identifier, want);
  const now = Date.now();
  call.timings.upstream = now - began;
  call.line.upstream = answer.call;
  if (answer.entry !== undefined) {
    const standing = remember(memory, answer.entry, identifier, now);
    const entry = bearsName(standing, identifier) ? standing : answer.entry;
    return { entry, source: sourceOf(answer.how, want.refresh) };
  }
  if (answer.detail !== undefined) call.line.upstream_detail = answer.detail;
  if (isHidden(answer.failure)) {
    const older =
      kept ?? (answer.held === undefined ? null : { entry: answer.held, source: "memory" as const });
    if (older !== null && !want.refresh && isUsable(older.entry, now, call.config)) {
      noteDegraded(call, "upstream");
      return older;
    }
  } else end(memory, identifier, began);
  return { failure: answer.failure === "absent" ? { type: "organization_not_found" } : answer.failure };
}

function sourceOf(how: How, refresh: boolean): Source {
  if (refresh) return how === "collapsed" ? "requested_collapsed" : "requested";
  return how === "held" ? "memory" : how;
}

/** An isolate asks for a refresh of an organization once in this time at most, in ms. */
const REFRESH_AGAIN_MS = 1_000;
const MOST_REFRESHES = 5_000;

function refreshBehind(call: Call, memory: Memory, identifier: string, entry: Entry): void {
  const now = Date.now();
  const since = memory.refreshed.get(entry.organizationId);
  if (since !== undefined && now >= since && now - since < REFRESH_AGAIN_MS) return;
  if (memory.refreshed.size >= MOST_REFRESHES) memory.refreshed.clear();
  memory.refreshed.set(entry.organizationId, now);
  // The line of the request is written by then; what fails behind it gets one of its own, once for each call of Stytch.
  const line = { ...call.line };
  delete line.degraded;
  const want = { hasEntry: true, mayBeStored: true, refresh: false };
  call.waitUntil(
    readThrough({ ...call, line }, identifier, want).then((answer) => {
      if (answer.entry !== undefined) remember(memory, answer.entry, identifier, Date.now());
      else if (!isHidden(answer.failure)) end(memory, identifier, now);
      const failed = answer.entry === undefined && answer.failure !== "absent" && answer.call !== null;
      if (!failed && line.degraded === undefined) return;
      const degraded = [...(line.degraded ?? []), ...(failed ? ["upstream"] : [])];
      const upstream_detail = answer.entry === undefined ? answer.detail : undefined;
      log({ request_id: call.requestId, degraded, upstream: answer.call, upstream_detail });
    }),
  );
}

async function readThrough(call: Call, identifier: string, want: Want): Promise<Read> {
  const { env, config } = call;
  // A forced read may have to wait for one that began before it.
  const waitMs = (want.refresh ? 2 : 1) * config.stytch.timeoutMs + OBJECT_MARGIN_MS;
  const began = Date.now();
  try {
    return await callObject(
      () => env.ORGANIZATION.getByName(identifier, { locationHint: config.upstreamRegion }),
      async (object) => await object.read(identifier, want),
      waitMs,
    );
  } catch {
    noteDegraded(call, "organization_object");
    // What the object has used up of the deadline is gone.
    const left = config.stytch.timeoutMs - (Date.now() - began);
    return left > 0
      ? await readDirectly(config, identifier, left)
      : { failure: { type: "upstream_timeout" }, call: null };
  }
}

async function readDirectly(config: Config, identifier: string, timeoutMs: number): Promise<Read> {
  const fetched = await fetchEntry(config, identifier, timeoutMs);
  return fetched.entry === undefined ? fetched : { ...fetched, how: "fetched" };
}
