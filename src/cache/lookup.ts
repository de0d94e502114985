/**
 * Where an organization comes from, the nearest first: memory of the isolate, KV, the organization's object, and Stytch itself
 * where that object fails. The entries know nothing of keys; whoever asks must have been let in before.
 */
import { type Call, noteDegraded } from "../call.ts";
import type { Config } from "../config.ts";
import type { Failure } from "../errors.ts";
import { callObject } from "../object-call.ts";
import { bearsName, type Entry } from "./entry.ts";
import { fetchEntry } from "./fetch-entry.ts";
import { freshnessOf } from "./freshness.ts";
import { readEntry } from "./kv.ts";
import { type Memory, recall, remember } from "./memory.ts";
import type { Read } from "./organization.ts";

/** How an answer came about. */
export type Source =
  /** From memory, of the isolate or of the organization's object. */
  | "memory"
  | "kv"
  /** This caller's upstream request. */
  | "fetched"
  /** The upstream request of another caller, which this one waited for. */
  | "collapsed";

export type Looked =
  | { readonly entry: Entry; readonly source: Source }
  | { readonly entry?: never; readonly failure: Failure };

/** Beyond the upstream's own deadline, in ms: the way to the object and back. */
const OBJECT_MARGIN_MS = 1_000;

/** Never throws. Costs as the budget of the design says: nothing from memory, one or two reads from KV, one object call on a miss. */
export async function lookUp(call: Call, memory: Memory, identifier: string): Promise<Looked> {
  const { config } = call;
  const began = Date.now();
  const near = recall(memory, identifier, began, config.cache.memorySeconds);
  call.timings.cache = 0;
  if (near !== null && freshnessOf(near.fetchedAt, began, config.cache) === "fresh") {
    return { entry: near, source: "memory" };
  }
  const stored = await readEntry(
    { kv: call.env.ORGANIZATIONS, project: config.stytch.projectId },
    identifier,
  );
  const read = Date.now();
  call.timings.cache = read - began;
  if (stored.kind === "failed") noteDegraded(call, "kv_read");
  if (stored.kind === "entry" && freshnessOf(stored.entry.fetchedAt, read, config.cache) === "fresh") {
    const entry = remember(memory, stored.entry, identifier, read);
    // What stands may be newer than what KV has, and have been renamed.
    if (bearsName(entry, identifier)) return { entry, source: "kv" };
  }
  const answer = await readThrough(call, identifier);
  call.timings.upstream = Date.now() - read;
  note(call, answer);
  if (answer.entry === undefined) {
    return { failure: answer.failure === "absent" ? { type: "organization_not_found" } : answer.failure };
  }
  const standing = remember(memory, answer.entry, identifier, Date.now());
  const entry = bearsName(standing, identifier) ? standing : answer.entry;
  return { entry, source: answer.how === "held" ? "memory" : answer.how };
}

async function readThrough(call: Call, identifier: string): Promise<Read> {
  const { env, config } = call;
  const waitMs = config.stytch.timeoutMs + OBJECT_MARGIN_MS;
  const began = Date.now();
  try {
    return await callObject(
      () => env.ORGANIZATION.getByName(identifier, { locationHint: config.upstreamRegion }),
      async (object) => await object.read(identifier),
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

function note(call: Call, answer: Read): void {
  call.line.upstream = answer.call;
  if (answer.entry === undefined && answer.detail !== undefined) call.line.upstream_detail = answer.detail;
}
