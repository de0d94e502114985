/** How long a failing Stytch is spared, where there is an older answer to go by: 1 s, doubling, at most 30 s. Pure. `now`: ms since the epoch. */

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

export interface BackOff<T> {
  /** Failures in a row. */
  readonly times: number;
  readonly until: number;
  readonly last: T | null;
}

export const noFailures = { times: 0, until: 0, last: null };

/** Whether Stytch is spared now. A clock that has gone back makes no pause longer. */
export const isPausing = ({ until }: BackOff<unknown>, now: number) =>
  now < until && until - now <= LONGEST_PAUSE_MS;

export function failed<T>(before: BackOff<T>, last: T, now: number): BackOff<T> {
  // More failures in one pause, of callers who could not wait, do not make the next one longer.
  if (isPausing(before, now)) return before;
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** before.times);
  return { times: before.times + 1, until: now + pause, last };
}
