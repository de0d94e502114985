/** Bounds on time: how long a caller waits, and how long work may take. */

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

/**
 * Runs `work` with a signal that aborts after `timeoutMs`, or when `work` has ended: what it left unread is cancelled.
 * Unlike `AbortSignal.timeout`, no timer outlives `work`. A timer would keep the platform from evicting an object.
 */
export async function withDeadline<T>(
  timeoutMs: number,
  work: (deadline: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}
