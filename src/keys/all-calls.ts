/** How many calls a key made, from its usage. For the command-line tool and the console: no part of the Worker. */

const OUTCOMES = ["hits", "stale", "misses", "denied", "not_found", "errors", "rate_limited"] as const;

type Counts = Readonly<{ requests: number; rate_limited: number }> &
  Readonly<Partial<Record<(typeof OUTCOMES)[number], number | undefined>>>;

/**
 * All calls of an hour, refused ones included. `requests` and `rate_limited` lack those that were denied before the
 * limit was asked; the outcomes lack those of status 400, and have zeros in hours of an earlier version. So this is the
 * larger sum, which lacks calls only if an hour has both.
 */
export function allCalls(hour: Counts): number {
  const byOutcome = OUTCOMES.reduce((sum, name) => sum + (hour[name] ?? 0), 0);
  return Math.max(hour.requests + hour.rate_limited, byOutcome);
}
