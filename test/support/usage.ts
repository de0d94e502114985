/** The counts of one hour. */
import type { HourCount } from "../../src/keys/usage.ts";

const NO_COUNTS = {
  requests: 0,
  rate_limited: 0,
  hits: 0,
  stale: 0,
  misses: 0,
  denied: 0,
  not_found: 0,
  errors: 0,
};

/** As Postern stores an hour; all that is not given is zero. */
export const hourCount = (hour: number, counts: Partial<HourCount>): HourCount => ({
  hour,
  ...NO_COUNTS,
  ...counts,
});

/** As the API shows an hour. */
export const publicHour = (hour: string, counts: Partial<HourCount>) => ({ ...NO_COUNTS, ...counts, hour });
