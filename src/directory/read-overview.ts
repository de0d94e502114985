/** The overview, from what the Directory stores: the sums of the counts, and the names of keys. */
import { HOUR_MS } from "../keys/usage.ts";
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
  const { createdAt, keys } = metrics.read(now);
  const { firstHour, before, sums } = metrics.period(hours, now);
  return overviewOf({
    before: before.series,
    sums,
    elapsedMs: now - Math.max(firstHour * HOUR_MS, createdAt),
    degraded: metrics.degradedParts(now),
    topKeys: topKeysOf(before.keys, keys, nameOf),
  });
}
