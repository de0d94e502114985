/** Calls to Durable Objects: bounded in time, and tried once more where the platform says that this is safe. */
import { withTimeout } from "./timeout.ts";

/**
 * What `call` answers, or a rejection after `ms` milliseconds at the latest.
 *
 * `stub` is asked for again before the second attempt, since a stub that threw must not be used further:
 * https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
 */
export async function callWithRetry<S, T>(
  stub: () => S,
  call: (stub: S) => Promise<T>,
  ms: number,
): Promise<T> {
  const attempt = async () => await call(stub());
  return await withTimeout(
    ms,
    attempt().catch((error: unknown) => {
      if (isRetryable(error)) return attempt();
      throw error;
    }),
  );
}

/** `overloaded`: another attempt would make it worse. */
function isRetryable(error: unknown): boolean {
  const flags = error as { retryable?: unknown; overloaded?: unknown } | null;
  return flags?.retryable === true && flags.overloaded !== true;
}
