import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TimeoutError, withTimeout } from "../../src/platform/timeout.ts";

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
