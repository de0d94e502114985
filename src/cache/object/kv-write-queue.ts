/**
 * Writes to one key of KV, in the background: one at a time, and only the latest value. KV takes one write a second for
 * a key and refuses more, so a write that failed is retried a little later, unless a newer one has replaced it.
 */

import { type LogDegraded, logDegraded } from "../../log.ts";
import { withTimeout } from "../../platform/timeout.ts";

/** How long one attempt may delay the next write. */
const WRITE_TIMEOUT_MS = 5_000;
/** "1 write per second to the same key" (https://developers.cloudflare.com/kv/platform/limits/). */
const RETRY_DELAY_MS = 1_100;
const MAX_ATTEMPTS = 3;

export interface PendingWrite {
  readonly write: () => Promise<void>;
  /** Called with whether KV took the write. Not called if a newer write replaced this one. */
  readonly done: (written: boolean) => void;
}

export class KvWriteQueue {
  readonly #logDegraded: LogDegraded;
  #pending: PendingWrite | undefined;
  #isRunning = false;

  constructor(log: LogDegraded = logDegraded) {
    this.#logDegraded = log;
  }

  /**
   * Replaces the write that is waiting, if any. A queue that is idle begins after `delayMs`, at once by default. Resolves
   * when nothing is left to write, or at once if an earlier call is writing; rejects only if `done` throws. A write that
   * fails is logged once, not for each attempt.
   */
  async enqueue(write: PendingWrite, delayMs = 0): Promise<void> {
    this.#pending = write;
    if (this.#isRunning) return;
    this.#isRunning = true;
    if (delayMs > 0) await scheduler.wait(delayMs);
    await this.#drain();
  }

  async #drain(): Promise<void> {
    let attempts = 0;
    let current: PendingWrite | undefined;
    const thrown: unknown[] = [];
    const end = ({ done }: PendingWrite, written: boolean) => {
      try {
        done(written);
      } catch (error) {
        // A newer write may be waiting, such as the delete of a purge.
        thrown.push(error);
      }
    };
    while (this.#pending !== undefined) {
      if (this.#pending !== current) attempts = 0;
      current = this.#pending;
      this.#pending = undefined;
      attempts += 1;
      const error = await tryWrite(current);
      if (error === null) {
        end(current, true);
        continue;
      }
      if (attempts === 1) this.#logDegraded("kv_write", error);
      if (attempts < MAX_ATTEMPTS) {
        await scheduler.wait(RETRY_DELAY_MS);
        this.#pending ??= current;
      } else if (this.#pending === undefined) end(current, false);
    }
    // In the same turn as the last look at what is pending, so that no write is left lying.
    this.#isRunning = false;
    if (thrown.length > 0) throw thrown[0];
  }
}

/** The error of the write, or null if it succeeded. */
async function tryWrite({ write }: PendingWrite): Promise<unknown> {
  try {
    await withTimeout(WRITE_TIMEOUT_MS, write());
    return null;
  } catch (error) {
    return error ?? "unknown";
  }
}
