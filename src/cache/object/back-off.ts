/**
 * Exponential back-off after failed upstream requests, for as long as an older entry can hide the failure: 1 s,
 * doubling, 30 s at most. There is no jitter: each identifier has one object and one request at a time. Pure; `now` is
 * in ms since the epoch.
 */

const BASE_BACK_OFF_MS = 1_000;
const MAX_BACK_OFF_MS = 30_000;

export interface BackOff<T> {
  /** Consecutive failures; overlapping ones count once. */
  readonly failures: number;
  /** When Stytch may be asked again, ms since the epoch. */
  readonly until: number;
  /** The failure that began the current pause. */
  readonly last: T | null;
}

export const NO_FAILURES = { failures: 0, until: 0, last: null };

/** True while Stytch must not be asked. A clock that was set back cannot prolong a pause. */
export const isBackingOff = ({ until }: BackOff<unknown>, now: number) =>
  now < until && until - now <= MAX_BACK_OFF_MS;

export function recordFailure<T>(before: BackOff<T>, failure: T, now: number): BackOff<T> {
  // Callers without an older entry ask during a pause as well; their failures do not prolong it.
  if (isBackingOff(before, now)) return before;
  const pauseMs = Math.min(MAX_BACK_OFF_MS, BASE_BACK_OFF_MS * 2 ** before.failures);
  return { failures: before.failures + 1, until: now + pauseMs, last: failure };
}
