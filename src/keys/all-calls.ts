/** How many calls a key made, from its usage. For the command-line tool and the console: no part of the Worker. */

const CALL_OUTCOMES = ["hits", "stale", "misses", "denied", "not_found", "errors", "rate_limited"] as const;

type CountsOfHour = Readonly<{ requests: number; rate_limited: number }> &
  Readonly<Partial<Record<(typeof CALL_OUTCOMES)[number], number | undefined>>>;

/**
 * All calls of an hour, refused ones included. `requests` and `rate_limited` lack those that were denied before the
 * limit was asked; the outcomes lack those of status 400, and have zeros in hours of an earlier version. So this is the
 * larger sum. It lacks calls if an hour has both, and counts one twice that was admitted in an hour and answered in the
 * next.
 */
export function allCalls(hour: CountsOfHour): number {
  const byOutcome = CALL_OUTCOMES.reduce((sum, name) => sum + (hour[name] ?? 0), 0);
  return Math.max(hour.requests + hour.rate_limited, byOutcome);
}
