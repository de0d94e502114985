/** Writes to KV whose attempts end as a test wants, and a clock that it moves. */
import { afterEach, beforeEach, vi } from "vitest";
import type { PendingWrite } from "../../src/cache/object/kv-write-queue.ts";
import { useIdleObjects } from "./settle.ts";

/** Replaces timers, and the scheduler's pauses by them, for each test of a file. */
export function useFakeTimers(): void {
  useIdleObjects();
  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(scheduler, "wait").mockImplementation(
      async (ms) => await new Promise((resolve) => setTimeout(resolve, ms)),
    );
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
}

/** Lets this much time pass. */
export const pass = async (ms: number) => await vi.advanceTimersByTimeAsync(ms);

/** A write whose attempts have these outcomes; the last one repeats. */
export function pendingWrite(...outcomes: (() => Promise<void>)[]) {
  let attempt = 0;
  const write = vi.fn<PendingWrite["write"]>(async () => {
    const outcome = outcomes[Math.min(attempt, outcomes.length - 1)];
    attempt += 1;
    await outcome?.();
  });
  return { write, done: vi.fn<PendingWrite["done"]>() };
}

export const succeeds = async () => {};
/** The message must not reach the log. */
export const fails = async () => await Promise.reject(new Error("canary: 429 Too Many Requests"));
export const hangs = async () => await new Promise<void>(() => {});
