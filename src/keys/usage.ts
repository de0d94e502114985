/** Counts of a key's calls by the hour. Isolates count in memory and report with the next lease, so no call costs a write. */

/** Of one hour. */
export interface HourCount {
  /** Hours since the epoch. */
  readonly hour: number;
  readonly requests: number;
  readonly rate_limited: number;
}

/** An isolate's counts that no lease has taken along yet, by key ID. Plain data. */
export type Unreported = Map<string, Map<number, HourCount>>;

const HOUR_MS = 3_600_000;
/** How long counts are kept: 30 days. */
export const KEPT_HOURS = 720;

/** More keys than an isolate holds leases for; beyond it the oldest counts are dropped rather than memory. */
const MOST_KEYS = 5_000;

export const hourOf = (now: number) => Math.floor(now / HOUR_MS);

/** `2026-11-21T20:00:00Z` */
export const hourText = (hour: number) => new Date(hour * HOUR_MS).toISOString().replace(".000Z", "Z");

export function sum(hour: number, counts: readonly HourCount[]): HourCount {
  return {
    hour,
    requests: counts.reduce((total, count) => total + count.requests, 0),
    rate_limited: counts.reduce((total, count) => total + count.rate_limited, 0),
  };
}

/** Counts one call of a key: admitted, or refused by its rate limit. */
export function countCall(unreported: Unreported, keyId: string, now: number, admitted: boolean): void {
  const count = admitted ? { requests: 1, rate_limited: 0 } : { requests: 0, rate_limited: 1 };
  giveBack(unreported, keyId, [{ hour: hourOf(now), ...count }]);
}

/** Takes a key's counts out, for a report. */
export function take(unreported: Unreported, keyId: string): HourCount[] {
  const counts = [...(unreported.get(keyId)?.values() ?? [])];
  unreported.delete(keyId);
  return counts;
}

/** Adds counts; those of a report that failed wait for the next. */
export function giveBack(unreported: Unreported, keyId: string, counts: readonly HourCount[]): void {
  const before = unreported.get(keyId) ?? new Map<number, HourCount>();
  for (const count of counts) {
    const known = before.get(count.hour);
    before.set(count.hour, known === undefined ? count : sum(count.hour, [known, count]));
  }
  unreported.set(keyId, before);
  const [oldest] = unreported.keys();
  if (unreported.size > MOST_KEYS && oldest !== undefined) unreported.delete(oldest);
}
