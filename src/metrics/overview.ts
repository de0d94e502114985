/** The figures of the whole deployment that an operator reads first. Pure. */
import { hourText } from "../keys/usage.ts";
import { costOf } from "./cost.ts";
import type { SeriesCounts } from "./counters.ts";
import { increaseOf, lookupsOf, sumOf, totalsOf } from "./hour-totals.ts";
import type { MetricHour } from "./metric-store.ts";
import type { KeySum } from "./metric-sum.ts";
import type { Overview, TopKey, Totals } from "./overview-answer.ts";
import { quantileMs } from "./quantile.ts";

export interface OverviewSource {
  /** The sum that counting starts from. */
  readonly before: SeriesCounts;
  /** The sums of hours, the oldest first. */
  readonly sums: readonly MetricHour[];
  /** How many hours the sums are of, the current one included. */
  readonly hourCount: number;
  readonly degraded: readonly string[];
  readonly topKeys: readonly TopKey[];
}

export function overviewOf({ before, sums, hourCount, degraded, topKeys }: OverviewSource): Overview {
  const counts = increaseOf(before, sums.at(-1)?.series ?? {});
  return {
    status: degraded.length === 0 ? "ok" : "degraded",
    degraded,
    totals: totalsOf(counts),
    hit_ratio: hitRatioOf(counts),
    upstream: {
      p50_ms: quantileMs(counts, "upstream_request_duration", 0.5),
      p95_ms: quantileMs(counts, "upstream_request_duration", 0.95),
      p99_ms: quantileMs(counts, "upstream_request_duration", 0.99),
      error_ratio: errorRatioOf(counts),
    },
    hours: hoursOf(before, sums),
    top_keys: topKeys,
    cost: costOf(counts, hourCount),
  };
}

function hoursOf(before: SeriesCounts, sums: readonly MetricHour[]): Overview["hours"] {
  let latest = before;
  const hours: (Totals & { hour: string })[] = [];
  for (const { hour, series } of sums) {
    const totals = totalsOf(increaseOf(latest, series));
    latest = series;
    if (totals.requests > 0 || totals.upstream_requests > 0) hours.push({ hour: hourText(hour), ...totals });
  }
  return hours;
}

/** Reads that are never cached, and those that the caller forced, say nothing of the cache. */
function hitRatioOf(counts: SeriesCounts): number | null {
  const answered = lookupsOf(counts, ["memory", "kv", "stale", "negative"]);
  return ratio(answered, answered + lookupsOf(counts, ["miss", "collapsed", "stale_if_error"]));
}

/** What Stytch answers about what was asked for. */
const ANSWERED = ["ok", "not_found", "bad_request"];

function errorRatioOf(counts: SeriesCounts): number | null {
  const all = sumOf(counts, "upstream_requests", () => true);
  return ratio(
    sumOf(counts, "upstream_requests", ([, outcome = ""]) => !ANSWERED.includes(outcome)),
    all,
  );
}

const ratio = (part: number, whole: number) =>
  whole === 0 ? null : Math.round((part / whole) * 10_000) / 10_000;

export const MAX_TOP_KEYS = 20;

/**
 * The keys with the most requests since `before`, refused ones included, the busiest first. `nameOf`: null for a key that is not the project's,
 * which is left out.
 */
export function topKeysOf(
  before: readonly KeySum[],
  after: readonly KeySum[],
  nameOf: (keyId: string) => string | null,
): TopKey[] {
  const earlier = new Map(before.map((key) => [key.keyId, key]));
  const used = after
    .map((key) => ({ ...key, ...callsSince(earlier.get(key.keyId), key) }))
    .filter(({ requests, rate_limited }) => requests + rate_limited > 0)
    .sort((a, b) => b.requests + b.rate_limited - a.requests - a.rate_limited);
  const top: TopKey[] = [];
  for (const { keyId, requests, rate_limited, lastUsedAt } of used) {
    const name = nameOf(keyId);
    if (name === null) continue;
    const last_used_at = new Date(lastUsedAt).toISOString();
    top.push({ key_id: keyId, name, requests, rate_limited, last_used_at });
    if (top.length === MAX_TOP_KEYS) break;
  }
  return top;
}

/** A sum that has got smaller was dropped since, and has begun again from zero. */
function callsSince(
  before: KeySum | undefined,
  { outcomes }: KeySum,
): Pick<TopKey, "requests" | "rate_limited"> {
  const of = (sum: KeySum["outcomes"] | undefined) => {
    const all = Object.values(sum ?? {}).reduce((total, count) => total + count, 0);
    const rate_limited = sum?.rate_limited ?? 0;
    // What has no other outcome is no read, but the caller's asking after itself.
    return { requests: all - rate_limited - (sum?.other ?? 0), rate_limited };
  };
  const [then, now] = [of(before?.outcomes), of(outcomes)];
  const since = (name: "requests" | "rate_limited") =>
    now[name] >= then[name] ? now[name] - then[name] : now[name];
  return { requests: since("requests"), rate_limited: since("rate_limited") };
}
