/** The one question that an isolate asks a key's object: for its record and for tokens. What has been counted of the key goes along. */

import { askOf, noteAnswered, noteUnanswered, noteWaiting, takeIn } from "../limits/token-pool.ts";
import { callObject } from "../platform/durable-object.ts";
import type { Call } from "../request-context.ts";
import type { KeyMemory } from "./key-state.ts";
import { type Asking, LEASE_WAIT_MS } from "./lease.ts";
import type { KeyRecord } from "./record.ts";
import { arrived, dueReport } from "./usage.ts";

/** Who waits for a token: a call that is let in, one whose key and address have not been looked at, or nobody. */
export type Waiting = "admitted" | { readonly generation: number } | null;

export interface Asked {
  readonly record: KeyRecord | null;
  /** Whether the call that waits has its token; null where that was not decided. */
  readonly granted: boolean | null;
}

/** The longest that a grant lasts, in ms, also where leases last longer: nobody else has these tokens meanwhile. */
const MOST_GRANT_MS = 5_000;

/** One object call, bounded in time. Rejects where the object fails. */
export async function askObject(
  call: Call,
  memory: KeyMemory,
  keyId: string,
  waiting: Waiting,
): Promise<Asked> {
  const askedAt = Date.now();
  const leaseMs = call.config.leaseSeconds * 1_000;
  const lifeMs = Math.min(leaseMs, MOST_GRANT_MS);
  // Not with each question, since a report costs a write. One that is not due yet goes with the next, or when it is overdue (admit.ts).
  const report = dueReport(memory.unreported, keyId, askedAt, leaseMs * 0.75);
  // On Workers there is no randomness before the first request.
  memory.isolate ??= crypto.randomUUID();
  const allowance = memory.allowances.get(keyId);
  const ask = askOf(allowance, { isolate: memory.isolate, lifeMs, own: waiting !== null }, askedAt);
  const unchecked = waiting === null || waiting === "admitted" ? null : waiting.generation;
  // Whoever has not been let in keeps nobody waiting.
  const waits = waiting === "admitted";
  if (allowance !== undefined && waits) noteWaiting(allowance, askedAt);
  try {
    const { record, tokens } = await callObject(
      () => call.env.API_KEY.getByName(keyId),
      async (object) => await object.lease(report, ask, unchecked),
      LEASE_WAIT_MS,
    );
    const now = Date.now();
    if (report !== null) arrived(memory.unreported, keyId, report, now);
    takeIn(memory.allowances, keyId, tokens, lifeMs, askedAt, now);
    return { record, granted: tokens?.granted ?? null };
  } catch (error) {
    if (allowance !== undefined) noteUnanswered(allowance);
    throw error;
  } finally {
    if (allowance !== undefined) noteAnswered(allowance, ask, askedAt, waits);
  }
}

/** `onAnswer`: told whether the call that waits has its token. */
export function askingOf(
  call: Call,
  memory: KeyMemory,
  waiting: Waiting,
  onAnswer: (granted: boolean | null) => void = () => {},
): Asking {
  return {
    ask: async (keyId, inFront) => {
      const { record, granted } = await askObject(call, memory, keyId, inFront ? waiting : null);
      if (inFront) onAnswer(granted);
      return record;
    },
    now: Date.now,
    waitUntil: call.waitUntil,
  };
}
