/**
 * The writes of one key of KV, behind whatever caused them: one at a time, the latest wish only. KV takes one write a second for a key and
 * refuses the others, so one that failed is tried again a little later, unless another has taken its place.
 */

import { describeError, log } from "../../log.ts";
import { withTimeout } from "../../platform/timeout.ts";

/** The longest that one attempt holds up the next, in ms; a pause follows one that failed. */
const WRITE_TIMEOUT_MS = 5_000;
/** "1 write per second to the same key" (https://developers.cloudflare.com/kv/platform/limits/). */
const RETRY_DELAY_MS = 1_100;
const MAX_ATTEMPTS = 3;

export interface KvWriteQueue {
  pending: PendingWrite | undefined;
  running: boolean;
}

export interface PendingWrite {
  readonly write: () => Promise<void>;
  /** Called with whether it was written, unless another wish took its place before. */
  readonly done: (written: boolean) => void;
}

export const createKvWriteQueue = (): KvWriteQueue => ({ pending: undefined, running: false });

/** Resolves when no wish is left, unless `done` throws. A write that fails has one line in the log. */
export async function enqueueWrite(writer: KvWriteQueue, wish: PendingWrite): Promise<void> {
  writer.pending = wish;
  if (writer.running) return;
  writer.running = true;
  try {
    let attempts = 0;
    let current: PendingWrite | undefined;
    while (writer.pending !== undefined) {
      if (writer.pending !== current) attempts = 0;
      current = writer.pending;
      writer.pending = undefined;
      attempts += 1;
      const error = await tryWrite(current);
      if (error === null) current.done(true);
      else {
        if (attempts === 1) log({ degraded: ["kv_write"], defect: describeError(error) });
        if (attempts < MAX_ATTEMPTS) {
          await scheduler.wait(RETRY_DELAY_MS);
          writer.pending ??= current;
        } else if (writer.pending === undefined) current.done(false);
      }
    }
  } finally {
    writer.running = false;
  }
}

/** Null where it was written. */
async function tryWrite({ write }: PendingWrite): Promise<unknown> {
  try {
    await withTimeout(WRITE_TIMEOUT_MS, write());
    return null;
  } catch (error) {
    return error ?? "unknown";
  }
}
