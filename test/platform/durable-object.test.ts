import { afterEach, expect, test, vi } from "vitest";
import { callWithRetry } from "../../src/platform/durable-object.ts";
import { TimeoutError } from "../../src/platform/timeout.ts";

afterEach(() => vi.useRealTimers());

const failing = (flags: object) => Object.assign(new Error("object failed"), flags);

/** Numbered stubs, and a call that fails on those it has an error for. */
function objects(...errors: (unknown | null)[]) {
  let stubs = 0;
  const stub = vi.fn<() => number>(() => ++stubs);
  const call = vi.fn<(given: number) => Promise<string>>(async (given) => {
    const error = errors[given - 1];
    if (error) throw error;
    return `by stub ${given}`;
  });
  return { stub, call };
}

test("a call that works is made once", async () => {
  const { stub, call } = objects();
  expect(await callWithRetry(stub, call, 100)).toBe("by stub 1");
  expect(call).toHaveBeenCalledTimes(1);
});

test("a retryable failure is tried once more, on a new stub", async () => {
  const { stub, call } = objects(failing({ retryable: true }));
  expect(await callWithRetry(stub, call, 100)).toBe("by stub 2");
  expect(stub).toHaveBeenCalledTimes(2);
});

test("a stub that cannot even be made is a failure like any other", async () => {
  const stub = vi.fn<() => number>(() => {
    throw failing({ retryable: true });
  });
  await expect(callWithRetry(stub, async () => "never", 100)).rejects.toThrow("object failed");
  expect(stub).toHaveBeenCalledTimes(2);
});

test("a second failure is not tried a third time, however retryable", async () => {
  const { stub, call } = objects(failing({ retryable: true }), failing({ retryable: true }));
  await expect(callWithRetry(stub, call, 100)).rejects.toThrow("object failed");
  expect(call).toHaveBeenCalledTimes(2);
});

test.each([
  ["an overloaded object", failing({ retryable: true, overloaded: true })],
  ["a failure that is not retryable", failing({ retryable: false })],
  ["a failure without flags", failing({})],
  ["a flag that is not quite true", failing({ retryable: "true" })],
  ["what is no error", "retryable"],
])("%s is not asked again", async (_, error) => {
  const { stub, call } = objects(error);
  await expect(callWithRetry(stub, call, 100)).rejects.toBe(error);
  expect(call).toHaveBeenCalledTimes(1);
});

test("a thrown null is a failure, not a defect of ours", async () => {
  await expect(
    callWithRetry(
      () => 1,
      async () => await Promise.reject(null),
      100,
    ),
  ).rejects.toBeNull();
});

test("the bound covers both attempts together", async () => {
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
