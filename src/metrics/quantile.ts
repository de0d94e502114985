/** Quantiles of a histogram. Pure. */
import type { SeriesCounts } from "./counters.ts";
import { BUCKET_SECONDS, type HistogramName, LAST_BUCKET, seriesId } from "./series.ts";

/**
 * The duration in ms below which this share of the observations is, to a tenth; null if there are none. As Prometheus'
 * `histogram_quantile`: linear within a bucket, and the highest bound for what is above it.
 */
export function quantileMs(
  counts: Readonly<SeriesCounts>,
  name: HistogramName,
  share: number,
): number | null {
  const inBucket = (bound: number | string) => counts[seriesId(name, [String(bound)])] ?? 0;
  const total = [...BUCKET_SECONDS, LAST_BUCKET].reduce((sum, bound) => sum + inBucket(bound), 0);
  if (total === 0) return null;
  const rank = share * total;
  let below = 0;
  let lower = 0;
  for (const upper of BUCKET_SECONDS) {
    const count = inBucket(upper);
    if (count > 0 && below + count >= rank) return toMs(lower + (upper - lower) * ((rank - below) / count));
    below += count;
    lower = upper;
  }
  return toMs(lower);
}

const toMs = (seconds: number) => Math.round(seconds * 10_000) / 10;
