/** The figures of the overview, as cards. */
import { type Figure, Figures } from "../components/page.tsx";
import { formatCount, formatDollars, formatMs, formatRatio, formatShort } from "../format.ts";
import type { Overview } from "../shapes.ts";

/** From here on, failures are more than chance. */
const HIGH_RATIO = 0.05;
const SLOW_MS = 2_000;

const NONE = "–";

/** `span`: the stretch of time, as in "for a month like the last 24 hours". */
export function OverviewFigures({ overview, span }: { overview: Overview; span: string }) {
  const { totals, hit_ratio, upstream, cost } = overview;
  const { p50_ms, p95_ms, p99_ms, error_ratio } = upstream;
  const refused = totals.denied + totals.rate_limited;
  const figures: Figure[] = [
    {
      label: "Requests",
      value: formatShort(totals.requests),
      note: totals.errors === 0 ? "none failed" : `${formatCount(totals.errors)} failed`,
      ...(totals.errors > totals.requests * HIGH_RATIO ? { tone: "bad" as const } : {}),
    },
    {
      label: "Cache hit ratio",
      value: hit_ratio === null ? NONE : formatRatio(hit_ratio),
      note: hit_ratio === null ? "no cached reads" : "of reads did not wait",
    },
    {
      label: "Refused",
      value: formatShort(refused),
      note: `${formatCount(totals.rate_limited)} by limits, ${formatCount(totals.denied)} denied`,
    },
    {
      label: "Stytch, p95",
      value: p95_ms === null ? NONE : formatMs(p95_ms),
      note:
        p50_ms === null || p99_ms === null ? "not asked" : `p50 ${formatMs(p50_ms)}, p99 ${formatMs(p99_ms)}`,
      ...(p95_ms !== null && p95_ms > SLOW_MS ? { tone: "warn" as const } : {}),
    },
    {
      label: "Requests to Stytch",
      value: formatShort(totals.upstream_requests),
      note:
        error_ratio === null
          ? "not asked"
          : error_ratio === 0
            ? "none failed"
            : `${formatRatio(error_ratio)} failed`,
      ...(error_ratio !== null && error_ratio > HIGH_RATIO ? { tone: "bad" as const } : {}),
    },
    {
      label: "Cost a month",
      value: cost.usd_per_million === null ? NONE : formatDollars(cost.usd_per_month),
      note:
        cost.usd_per_million === null
          ? "no requests"
          : `estimated, like ${span}, without the plan's $5; ${formatDollars(cost.usd_per_million)} a million`,
    },
  ];
  return <Figures figures={figures} />;
}
