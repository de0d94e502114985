import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TimeoutError, withDeadline, withTimeout } from "../../src/platform/timeout.ts";
import { useIdleObjects } from "../support/settle.ts";

useIdleObjects();

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("work that resolves in time gives its value, and leaves no timer behind", async () => {
  expect(await withTimeout(100, Promise.resolve("done"))).toBe("done");
  expect(vi.getTimerCount()).toBe(0);
});

test("work that rejects in time gives its own error, and leaves no timer behind", async () => {
  await expect(withTimeout(100, Promise.reject(new Error("its own")))).rejects.toThrow("its own");
  expect(vi.getTimerCount()).toBe(0);
});

test("work that hangs rejects with TimeoutError after timeoutMs, not 1 ms earlier", async () => {
  const outcome = vi.fn<(error: unknown) => void>();
  const waiting = withTimeout(100, new Promise(() => {})).catch(outcome);
  await vi.advanceTimersByTimeAsync(99);
  expect(outcome).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await waiting;
  expect(outcome.mock.calls[0]?.[0]).toBeInstanceOf(TimeoutError);
});

test("work that ends before its deadline leaves no timer, and cancels what is unread", async () => {
  let signal: AbortSignal | undefined;
  const value = await withDeadline(100, async (deadline) => {
    signal = deadline;
    expect(deadline.aborted).toBe(false);
    return "done";
  });
  expect(value).toBe("done");
  expect(vi.getTimerCount()).toBe(0);
  expect(signal?.aborted).toBe(true);
});

test("work that fails before its deadline gives its own error, and leaves no timer", async () => {
  const failing = withDeadline(100, async () => await Promise.reject(new Error("its own")));
  await expect(failing).rejects.toThrow("its own");
  expect(vi.getTimerCount()).toBe(0);
});

test("work past its deadline sees an aborted signal after timeoutMs, not 1 ms earlier", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const wasAborted = vi.fn<() => void>();
  const waiting = withDeadline(100, async (deadline) => {
    deadline.addEventListener("abort", wasAborted);
    return await promise;
  });
  await vi.advanceTimersByTimeAsync(99);
  expect(wasAborted).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(wasAborted).toHaveBeenCalledOnce();
  resolve("late");
  expect(await waiting).toBe("late");
});
