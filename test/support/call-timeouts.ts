import { vi } from "vitest";

type Expire = () => void;

/** A longer timeout is left as it is, and so fails the test: callers wait no longer for any part of the platform. */
const MAX_TIMEOUT_MS = 1_000;

/**
 * Put this where a call begins that its caller bounds in time: the next timer that the same run of code sets is the
 * caller's, and expires when the returned function is called, and not by itself. Restored with all mocks.
 */
export function holdCallTimeout(): Expire {
  const set = setTimeout;
  let expire: Expire = () => {
    throw new Error("the call has no timeout");
  };
  const spy = vi.spyOn(globalThis, "setTimeout");
  const restore = () => void spy.mockRestore();
  spy.mockImplementation(((callback: () => void, ms: number) => {
    restore();
    if (ms > MAX_TIMEOUT_MS) return set(callback, ms);
    expire = callback;
    // A timer like any other, so that it can be cleared.
    return set(() => {}, 0);
  }) as typeof setTimeout);
  queueMicrotask(restore);
  return () => expire();
}
