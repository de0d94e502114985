/** Counts of a key's calls by the hour. Isolates count in memory and report with the next lease, so no call costs a write. */

/** Of one hour. */
export interface HourCount {
  /** Hours since the epoch. */
  readonly hour: number;
  readonly requests: number;
  readonly rate_limited: number;
}

/** Goes with a lease, unchanged until it has been taken in, and is taken in once. */
export interface UsageReport {
  readonly id: string;
  readonly counts: readonly HourCount[];
}

interface PendingCounts {
  /** When the oldest call that is in no report was counted, ms since the epoch. */
  readonly since: number;
  /** When a report was last sent, or the key named as overdue. */
  namedAt?: number;
  readonly counts: Map<number, HourCount>;
  /** Sent, and not known to have arrived. */
  report: UsageReport | null;
}

/** An isolate's counts that have not been taken in yet, by key ID, the oldest first. Plain data. */
export type PendingUsage = Map<string, PendingCounts>;

const HOUR_MS = 3_600_000;
/** How long counts are kept: 30 days. */
export const USAGE_RETENTION_HOURS = 720;

/** As many keys as an isolate holds leases for; beyond it the oldest counts are dropped rather than memory. */
const MAX_PENDING_KEYS = 5_000;

export const hourOf = (now: number) => Math.floor(now / HOUR_MS);

/** `2026-11-21T20:00:00Z` */
export const hourText = (hour: number) => new Date(hour * HOUR_MS).toISOString().replace(".000Z", "Z");

export function sumCounts(hour: number, counts: readonly HourCount[]): HourCount {
  return {
    hour,
    requests: counts.reduce((total, count) => total + count.requests, 0),
    rate_limited: counts.reduce((total, count) => total + count.rate_limited, 0),
  };
}

/** Counts one call of a key: admitted, or refused by its rate limit. */
export function countUsage(unreported: PendingUsage, keyId: string, now: number, admitted: boolean): void {
  const hour = hourOf(now);
  const count = { hour, requests: admitted ? 1 : 0, rate_limited: admitted ? 0 : 1 };
  const counted = unreported.get(keyId) ?? { since: now, counts: new Map(), report: null };
  const before = counted.counts.get(hour);
  counted.counts.set(hour, before === undefined ? count : sumCounts(hour, [before, count]));
  unreported.set(keyId, counted);
  const [oldest] = unreported.keys();
  if (unreported.size > MAX_PENDING_KEYS && oldest !== undefined) unreported.delete(oldest);
}

/** The report that is due of a key: the one that has not arrived, or one of all that was counted since, if that is `ms` ago; else null. */
export function nextReport(
  unreported: PendingUsage,
  keyId: string,
  now: number,
  ms: number,
): UsageReport | null {
  const counted = unreported.get(keyId);
  if (counted === undefined) return null;
  if (counted.report === null) {
    if (now - counted.since < ms) return null;
    counted.report = { id: crypto.randomUUID(), counts: [...counted.counts.values()] };
    counted.counts.clear();
  }
  // It is under way, and no more overdue than the others.
  counted.namedAt = now;
  unreported.delete(keyId);
  unreported.set(keyId, counted);
  return counted.report;
}

/** That a report was taken in. */
export function acknowledge(unreported: PendingUsage, keyId: string, report: UsageReport, now: number): void {
  const counted = unreported.get(keyId);
  if (counted?.report?.id !== report.id) return;
  unreported.delete(keyId);
  const { counts } = counted;
  if (counts.size > 0) unreported.set(keyId, { since: now, counts, report: null });
}

/** A key with calls counted longer than `ms` ago: its own traffic has moved elsewhere. It is named once in that time. */
export function stalestKey(unreported: PendingUsage, now: number, ms: number): string | null {
  const [first] = unreported;
  if (first === undefined) return null;
  const [keyId, counted] = first;
  if (now - Math.max(counted.since, counted.namedAt ?? 0) < ms) return null;
  unreported.delete(keyId);
  unreported.set(keyId, { ...counted, namedAt: now });
  return keyId;
}
