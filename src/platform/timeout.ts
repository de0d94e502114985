/** A bound on how long a caller waits. */

export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** Resolves as `work` does, or rejects with `TimeoutError` after `timeoutMs`. It stops waiting only: `work` goes on. */
export async function withTimeout<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new TimeoutError(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
