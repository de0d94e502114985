/** The overview, from what the Directory stores: the sums of the counts, and the names of keys. */
import type { MetricStore } from "../metrics/metric-store.ts";
import { overviewOf, topKeysOf } from "../metrics/overview.ts";
import type { Overview } from "../metrics/overview-answer.ts";

/**
 * Returns the figures of the last `hours` hours, the current one included. `nameOf`: the name of a key; null for one that
 * is left out. `now`: ms since the epoch.
 */
export function readOverview(
  metrics: MetricStore,
  nameOf: (keyId: string) => string | null,
  hours: number,
  now: number,
): Overview {
  const { before, sums } = metrics.period(hours, now);
  return overviewOf({
    before: before.series,
    sums,
    hourCount: hours,
    degraded: metrics.degradedParts(now),
    topKeys: topKeysOf(before.keys, metrics.read(now).keys, nameOf),
  });
}
