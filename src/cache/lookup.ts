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
import { forget, type Memory, recall, remember } from "./memory.ts";
import { isHidden, type Read, type Want } from "./organization.ts";

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
  | "requested";

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
  call.timings.cache = 0;
  if (refresh) return await fromObject(call, memory, identifier, null, true);

  const near = recall(memory, identifier, began, config.cache.memorySeconds);
  if (near !== null && isAnswered(call, memory, identifier, near)) return { entry: near, source: "memory" };

  const shelf = { kv: call.env.ORGANIZATIONS, project: config.stytch.projectId };
  const stored = await readEntry(shelf, identifier);
  const read = Date.now();
  call.timings.cache = read - began;
  let kept: Kept | null = null;
  if (stored.kind === "entry" && freshnessOf(stored.entry.fetchedAt, read, config.cache) !== "dead") {
    const entry = remember(memory, stored.entry, identifier, read);
    // What stands may be newer than what KV has, and have been renamed.
    if (bearsName(entry, identifier)) kept = { entry, source: "kv" };
  } else if (stored.kind === "failed") {
    noteDegraded(call, "kv_read");
    const entry = recall(memory, identifier, read, Number.POSITIVE_INFINITY);
    if (entry !== null) kept = { entry, source: "memory" };
  }
  if (kept !== null && isAnswered(call, memory, identifier, kept.entry)) return kept;
  return await fromObject(call, memory, identifier, kept, false);
}

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
  refresh: boolean,
): Promise<Looked> {
  const began = Date.now();
  const answer = await readThrough(call, identifier, { hasEntry: kept !== null, refresh });
  const now = Date.now();
  call.timings.upstream = now - began;
  call.line.upstream = answer.call;
  if (answer.entry === undefined) {
    if (answer.detail !== undefined) call.line.upstream_detail = answer.detail;
    if (kept !== null) {
      const mayHide = freshnessOf(kept.entry.fetchedAt, now, call.config.cache) !== "dead";
      if (mayHide && isHidden(answer.failure)) {
        noteDegraded(call, "upstream");
        return kept;
      }
      forget(memory, kept.entry.organizationId);
    }
    return { failure: answer.failure === "absent" ? { type: "organization_not_found" } : answer.failure };
  }
  const standing = remember(memory, answer.entry, identifier, now);
  const entry = bearsName(standing, identifier) ? standing : answer.entry;
  return { entry, source: refresh ? "requested" : answer.how === "held" ? "memory" : answer.how };
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
  call.waitUntil(
    readThrough(call, identifier, { hasEntry: true, refresh: false }).then((answer) => {
      if (answer.entry !== undefined) remember(memory, answer.entry, identifier, Date.now());
      else if (!isHidden(answer.failure)) forget(memory, entry.organizationId);
      // The line of the request is written; what failed behind it gets one of its own, once for each call of Stytch.
      else if (answer.call !== null) {
        log({
          request_id: call.requestId,
          degraded: ["upstream"],
          upstream: answer.call,
          upstream_detail: answer.detail,
        });
      }
    }),
  );
}

async function readThrough(call: Call, identifier: string, want: Want): Promise<Read> {
  const { env, config } = call;
  const waitMs = config.stytch.timeoutMs + OBJECT_MARGIN_MS;
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
