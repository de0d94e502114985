/** A bound on how long a caller waits. */

export class TimeoutError extends Error {
  override readonly name = "TookTooLong";
}

/** The result of `work`, or a rejection with `TookTooLong` after `ms` milliseconds. `work` itself goes on. */
export async function withTimeout<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise: limit, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new TimeoutError(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
