/** Percentiles, and how many values a percentile has to rest on. Pure. */

/** A percentile with fewer values above it says little: one slow answer more would move it. */
const MIN_VALUES_ABOVE = 10;

/** `share` is that of the values below, such as 0.99. Zero if there are no values. */
export const percentile = (values: readonly number[], share: number) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
};

/** The same, or null if it rests on too few values: p99.9 takes 10,000. */
export const wellFoundedPercentile = (values: readonly number[], share: number) =>
  values.length * (1 - share) < MIN_VALUES_ABOVE ? null : percentile(values, share);
