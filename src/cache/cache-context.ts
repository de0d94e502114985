/** What the stages of a lookup share: the caches of the isolate, and the few things that they need of the request. */
import type { Config } from "../config.ts";
import type { Counters } from "../metrics/counters.ts";
import type { SharedWork } from "../platform/shared-work.ts";
import type { StageLog } from "../request-log.ts";
import type { StytchClient } from "../stytch/client.ts";
import type { Entry } from "./entry.ts";
import type { StoredValue } from "./kv.ts";
import type { Memory } from "./memory.ts";
import type { PurgeList } from "./purge/purge-list.ts";
import type { PurgeSync } from "./purge/purge-sync.ts";

/** What an isolate keeps for lookups. */
export interface CacheState {
  readonly memory: Memory;
  readonly purges: PurgeList;
  readonly purgeSync: PurgeSync;
  /** The reads of KV under way, by key. */
  readonly kvReads: SharedWork<StoredValue>;
}

/** The part of a `RequestContext` that lookups use. */
export interface CacheContext {
  readonly env: Env;
  readonly config: Config;
  readonly state: CacheState & { readonly stytch: StytchClient; readonly metrics: Counters };
  readonly log: StageLog & { readonly requestId: string };
  readonly waitUntil: (work: Promise<unknown>) => void;
  time(stage: "cache" | "upstream", ms: number): void;
}

/**
 * Null if the purge list may be used as it is; otherwise resolves when it may. If the Directory fails, the log says so.
 */
export function syncPurges({ state, log, waitUntil }: CacheContext): Promise<void> | null {
  const synced = state.purgeSync.ensureSynced(waitUntil);
  if (synced === null) return null;
  return synced.then((isSynced) => {
    if (!isSynced) log.degraded("directory");
  });
}

/**
 * Stores an entry in memory, and returns the one that is held afterwards: the newer of two. A held entry that was purged
 * is removed first, so it cannot win over the new one.
 */
export function storeInMemory(
  { memory, purges }: CacheState,
  entry: Entry,
  identifier: string,
  now: number,
): Entry {
  const before = memory.peek(entry.name);
  if (before !== undefined && purges.isPurged(before)) memory.delete(entry.name);
  return memory.set(entry, identifier, now);
}
