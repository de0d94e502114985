/** Calls to Durable Objects: bounded in time, and retried once if the object was reset or could not be reached. */
import { TimeoutError, withTimeout } from "./timeout.ts";

/**
 * Resolves as `call` does, or rejects with `TimeoutError` after `timeoutMs`, which covers both attempts. Use it only
 * for idempotent calls: the first attempt may have taken effect.
 *
 * `getStub` is called for each attempt, because a stub that threw must not be used again:
 * https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
 */
export async function callWithRetry<S, T>(
  getStub: () => S,
  call: (stub: S) => Promise<T>,
  timeoutMs: number,
): Promise<T> {
  const attempt = async () => await call(getStub());
  return await withTimeout(
    timeoutMs,
    attempt().catch((error: unknown) => {
      if (isRetryable(error)) return attempt();
      throw error;
    }),
  );
}

interface ErrorFlags {
  readonly retryable?: unknown;
  /** The object has lost its memory, as when its code was updated. Not every such error is `retryable`, too. */
  readonly durableObjectReset?: unknown;
  readonly overloaded?: unknown;
}

/** An overloaded object is not called again, even if the error is retryable: that would add to its load. */
function isRetryable(error: unknown): boolean {
  const flags = error as ErrorFlags | null;
  return (flags?.retryable === true || flags?.durableObjectReset === true) && flags.overloaded !== true;
}

/** True if an object did not answer in time, or said that it has more to do than it can. */
export function isOverload(error: unknown): boolean {
  return error instanceof TimeoutError || (error as ErrorFlags | null)?.overloaded === true;
}
