/**
 * The writes of one key of KV, behind whatever caused them: one at a time, the latest wish only. KV takes one write a second for a key and
 * refuses the others, so one that failed is tried again a little later, unless another has taken its place.
 */

import { describe, log } from "../../log.ts";
import { within } from "../../platform/timeout.ts";

/** The longest that one attempt holds up the next, in ms; a pause follows one that failed. */
const WRITE_WAIT_MS = 5_000;
/** "1 write per second to the same key" (https://developers.cloudflare.com/kv/platform/limits/). */
const AGAIN_MS = 1_100;
const MOST_ATTEMPTS = 3;

export interface Writer {
  wish: Wish | undefined;
  running: boolean;
}

export interface Wish {
  readonly write: () => Promise<void>;
  /** Called with whether it was written, unless another wish took its place before. */
  readonly done: (written: boolean) => void;
}

export const newWriter = (): Writer => ({ wish: undefined, running: false });

/** Resolves when no wish is left, unless `done` throws. A write that fails has one line in the log. */
export async function write(writer: Writer, wish: Wish): Promise<void> {
  writer.wish = wish;
  if (writer.running) return;
  writer.running = true;
  try {
    let attempts = 0;
    let current: Wish | undefined;
    while (writer.wish !== undefined) {
      if (writer.wish !== current) attempts = 0;
      current = writer.wish;
      writer.wish = undefined;
      attempts += 1;
      const error = await failureOf(current);
      if (error === null) current.done(true);
      else {
        if (attempts === 1) log({ degraded: ["kv_write"], defect: describe(error) });
        if (attempts < MOST_ATTEMPTS) {
          await scheduler.wait(AGAIN_MS);
          writer.wish ??= current;
        } else if (writer.wish === undefined) current.done(false);
      }
    }
  } finally {
    writer.running = false;
  }
}

/** Null where it was written. */
async function failureOf({ write }: Wish): Promise<unknown> {
  try {
    await within(WRITE_WAIT_MS, write());
    return null;
  } catch (error) {
    return error ?? "unknown";
  }
}
