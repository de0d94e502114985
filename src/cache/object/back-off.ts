/** How long a failing Stytch is spared, where there is an older answer to go by: 1 s, doubling, at most 30 s. Pure. `now`: ms since the epoch. */

const BASE_BACK_OFF_MS = 1_000;
const MAX_BACK_OFF_MS = 30_000;

export interface BackOff<T> {
  /** Failures in a row. */
  readonly failures: number;
  readonly until: number;
  readonly last: T | null;
}

export const NO_FAILURES = { failures: 0, until: 0, last: null };

/** Whether Stytch is spared now. A clock that has gone back makes no pause longer. */
export const isBackingOff = ({ until }: BackOff<unknown>, now: number) =>
  now < until && until - now <= MAX_BACK_OFF_MS;

export function recordFailure<T>(before: BackOff<T>, last: T, now: number): BackOff<T> {
  // More failures in one pause, of callers who could not wait, do not make the next one longer.
  if (isBackingOff(before, now)) return before;
  const pause = Math.min(MAX_BACK_OFF_MS, BASE_BACK_OFF_MS * 2 ** before.failures);
  return { failures: before.failures + 1, until: now + pause, last };
}
