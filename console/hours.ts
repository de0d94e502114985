/** Hourly counts, prepared for a plot. Pure. */

const HOUR_MS = 3_600_000;

/**
 * Every hour of the last `hours`, the oldest first, the current one included: the API leaves out those without traffic.
 * `now`: ms since the epoch.
 */
export function fillHours<T extends { readonly hour: string }>(
  counted: readonly T[],
  hours: number,
  now: number,
): { at: number; counts: T | null }[] {
  const byTime = new Map(counted.map((counts) => [Date.parse(counts.hour), counts]));
  const last = Math.floor(now / HOUR_MS) * HOUR_MS;
  return Array.from({ length: hours }, (_, index) => {
    const at = last - (hours - 1 - index) * HOUR_MS;
    return { at, counts: byTime.get(at) ?? null };
  });
}

/** How a stretch of time is divided for a plot of about 30 to 60 bars. */
const bucketHours = (hours: number) => (hours <= 72 ? 1 : hours <= 240 ? 6 : 24);

/** Sums of the counts of several hours each; `at`: the start of the first. */
export interface Bucket<Name extends string> {
  /** Ms since the epoch. */
  readonly at: number;
  readonly hours: number;
  readonly counts: Readonly<Record<Name, number>>;
}

/** The counts of the last `hours` in buckets of 1, 6 or 24 hours, the oldest first. */
export function bucketsOf<Name extends string>(
  counted: readonly ({ readonly hour: string } & Partial<Readonly<Record<Name, number>>>)[],
  names: readonly Name[],
  hours: number,
  now: number,
): Bucket<Name>[] {
  const size = bucketHours(hours);
  const filled = fillHours(counted, hours, now);
  const buckets: Bucket<Name>[] = [];
  for (let start = 0; start < filled.length; start += size) {
    const part = filled.slice(start, start + size);
    const counts = Object.fromEntries(
      names.map((name) => [name, part.reduce((sum, hour) => sum + (hour.counts?.[name] ?? 0), 0)]),
    ) as Record<Name, number>;
    buckets.push({ at: part[0]?.at ?? now, hours: part.length, counts });
  }
  return buckets;
}

/** The running sums over the series at each place, the first series at the bottom. */
export function stack(values: readonly (readonly number[])[]): number[][] {
  const sums: number[][] = [];
  for (const row of values) {
    const below = sums.at(-1);
    sums.push(row.map((value, index) => value + (below?.[index] ?? 0)));
  }
  return sums;
}
