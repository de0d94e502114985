/** What an isolate keeps of organizations, and how a stale one is refreshed behind an answer. */

import { log } from "../log.ts";
import type { Call } from "../request-context.ts";
import type { Entry } from "./entry.ts";
import { end, forget, type Memory, remember } from "./memory.ts";
import { readThrough } from "./object-client.ts";
import { isHidden } from "./object-messages.ts";
import { type Purges, purgeOf, survives } from "./purge/purge-list.ts";

/** What an isolate keeps for lookups. */
export interface Cache {
  readonly memory: Memory;
  readonly purges: Purges;
}

/** As `remember`; what a purge has ended does not stand in the way of what came after it. */
export function keep({ memory, purges }: Cache, entry: Entry, identifier: string, now: number): Entry {
  const before = memory.held.get(entry.organizationId)?.entry;
  if (before !== undefined && !survives(purges, before)) forget(memory, entry.organizationId);
  return remember(memory, entry, identifier, now);
}

/** An isolate asks for a refresh of an organization once in this time at most, in ms. */
const REFRESH_AGAIN_MS = 1_000;
const MOST_REFRESHES = 5_000;

/** Asks the organization's object for a newer entry than `entry`, which has been answered, and keeps what comes. */
export function refreshBehind(call: Call, cache: Cache, identifier: string, entry: Entry): void {
  const { memory, purges } = cache;
  const now = Date.now();
  const since = memory.refreshed.get(entry.organizationId);
  if (since !== undefined && now >= since && now - since < REFRESH_AGAIN_MS) return;
  if (memory.refreshed.size >= MOST_REFRESHES) memory.refreshed.clear();
  memory.refreshed.set(entry.organizationId, now);
  // The line of the request is written by then; what fails behind it gets one of its own, once for each call of Stytch.
  const line = { ...call.line };
  delete line.degraded;
  const purge = purgeOf(purges, [identifier]);
  const want = { kind: "refresh", has: entry.began, wasSeen: true, purge, heard: purges.heard } as const;
  call.waitUntil(
    readThrough({ ...call, line }, identifier, want).then((answer) => {
      if (answer.entry !== undefined) {
        keep(cache, answer.entry, identifier, Date.now());
      } else if (!isHidden(answer.failure)) end(memory, identifier, now);
      const failed = answer.entry === undefined && answer.failure !== "absent" && answer.call !== null;
      if (!failed && line.degraded === undefined) return;
      const degraded = [...(line.degraded ?? []), ...(failed ? ["upstream"] : [])];
      const upstream_detail = answer.entry === undefined ? answer.detail : undefined;
      log({ request_id: call.requestId, degraded, upstream: answer.call, upstream_detail });
    }),
  );
}
