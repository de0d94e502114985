import { afterEach, expect, test, vi } from "vitest";
import { callWithRetry } from "../../src/platform/durable-object.ts";
import { TimeoutError } from "../../src/platform/timeout.ts";
import { useIdleObjects } from "../support/settle.ts";

useIdleObjects();

afterEach(() => void vi.useRealTimers());

const failing = (flags: object) => Object.assign(new Error("object failed"), flags);

/** Stubs with the numbers 1, 2, …, and a call that throws the error given for the stub, if any. */
function createObjects(...errors: (unknown | null)[]) {
  let stubs = 0;
  const getStub = vi.fn<() => number>(() => ++stubs);
  const call = vi.fn<(stub: number) => Promise<string>>(async (stub) => {
    const error = errors[stub - 1];
    if (error) throw error;
    return `by stub ${stub}`;
  });
  return { getStub, call };
}

test("a call to an object that succeeds is made once", async () => {
  const { getStub, call } = createObjects();
  expect(await callWithRetry(getStub, call, 100)).toBe("by stub 1");
  expect(call).toHaveBeenCalledTimes(1);
});

test.each([
  ["a retryable error", { retryable: true }],
  ["an error of an object that was reset", { durableObjectReset: true }],
  ["an error of an object whose code was updated", { durableObjectReset: true, retryable: true }],
])("%s leads to one retry, on a new stub", async (_, flags) => {
  const { getStub, call } = createObjects(failing(flags));
  expect(await callWithRetry(getStub, call, 100)).toBe("by stub 2");
  expect(getStub).toHaveBeenCalledTimes(2);
});

test("a retryable error from getStub leads to one retry, too", async () => {
  const getStub = vi.fn<() => number>(() => {
    throw failing({ retryable: true });
  });
  await expect(callWithRetry(getStub, async () => "never", 100)).rejects.toThrow("object failed");
  expect(getStub).toHaveBeenCalledTimes(2);
});

test("a second retryable error does not lead to a second retry", async () => {
  const { getStub, call } = createObjects(failing({ retryable: true }), failing({ retryable: true }));
  await expect(callWithRetry(getStub, call, 100)).rejects.toThrow("object failed");
  expect(call).toHaveBeenCalledTimes(2);
});

test.each([
  ["an error of an overloaded object", failing({ retryable: true, overloaded: true })],
  [
    "an error of an overloaded object that was reset",
    failing({ durableObjectReset: true, overloaded: true }),
  ],
  ["an error that is not retryable", failing({ retryable: false, durableObjectReset: false })],
  ["an error without flags", failing({})],
  ["an error whose flag is the text true", failing({ retryable: "true" })],
  ["a thrown text", "retryable"],
])("%s does not lead to a retry", async (_, error) => {
  const { getStub, call } = createObjects(error);
  await expect(callWithRetry(getStub, call, 100)).rejects.toBe(error);
  expect(call).toHaveBeenCalledTimes(1);
});

test("a thrown null is passed on, and does not crash the check for retries", async () => {
  await expect(
    callWithRetry(
      () => 1,
      async () => await Promise.reject(null),
      100,
    ),
  ).rejects.toBeNull();
});

test("the timeout of a call covers both attempts together", async () => {
  vi.useFakeTimers();
  let attempts = 0;
  const slowly = async () => {
    attempts += 1;
    await new Promise((resolve) => setTimeout(resolve, 60));
    throw failing({ retryable: true });
  };
  const outcome = vi.fn<(error: unknown) => void>();
  const waiting = callWithRetry(() => 1, slowly, 100).catch(outcome);
  await vi.advanceTimersByTimeAsync(99);
  expect(outcome).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await waiting;
  expect(outcome.mock.calls[0]?.[0]).toBeInstanceOf(TimeoutError);
  expect(attempts).toBe(2);
});
