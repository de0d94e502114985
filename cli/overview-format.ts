/** Formats the overview of a deployment, in at most 80 columns. */
import { bar, shortCount } from "./bars.ts";
import type { Overview } from "./client.ts";
import { printable } from "./errors.ts";
import { utcMinute } from "./format.ts";
import { card, table, truncate } from "./table.ts";
import { hoursTable, timeText } from "./usage-format.ts";

const RATIO_BAR_WIDTH = 20;
const KEY_BAR_WIDTH = 8;
const MAX_NAME_WIDTH = 18;

export function overviewText(overview: Overview, hours: number): string {
  const sections = [summary(overview, hours)];
  if (overview.hours.length > 0) sections.push(hoursTable(overview.hours));
  if (overview.top_keys.length > 0) sections.push(keysTable(overview.top_keys));
  return sections.join("\n\n");
}

function summary({ degraded, totals, hit_ratio, upstream, cost }: Overview, hours: number): string {
  const { p50_ms, p95_ms, p99_ms, error_ratio } = upstream;
  return card([
    ["status", degraded.length === 0 ? "ok" : `degraded: ${degraded.join(", ")}`],
    ["requests", `${shortCount(totals.requests)} ${timeText(hours)}`],
    [
      "hit ratio",
      hit_ratio === null ? "no reads" : `${percent(hit_ratio)}  ${bar(hit_ratio, 1, RATIO_BAR_WIDTH)}`,
    ],
    [
      "Stytch",
      error_ratio === null
        ? "not asked"
        : `${shortCount(totals.upstream_requests)} requests, ${percent(error_ratio)} of them failed`,
    ],
    [
      "Stytch's time",
      p50_ms === null ? undefined : `p50 ${ms(p50_ms)}, p95 ${ms(p95_ms)}, p99 ${ms(p99_ms)}`,
    ],
    [
      "cost, estimated",
      cost.usd_per_million === null
        ? undefined
        : `$${cost.usd_per_million.toFixed(2)} a million requests, $${cost.usd_per_month.toFixed(2)} a month`,
    ],
  ]);
}

function keysTable(keys: Overview["top_keys"]): string {
  const most = Math.max(...keys.map(({ requests }) => requests));
  return table(
    ["KEY ID", "NAME", "CALLS", "LIMITED", "LAST USED (UTC)", ""],
    keys.map(({ key_id, name, requests, rate_limited, last_used_at }) => [
      key_id,
      truncate(printable(name), MAX_NAME_WIDTH),
      shortCount(requests),
      shortCount(rate_limited),
      utcMinute(last_used_at),
      bar(requests, most, KEY_BAR_WIDTH),
    ]),
  );
}

const percent = (ratio: number) => `${(ratio * 100).toFixed(1)} %`;
const ms = (value: number | null) => (value === null ? "unknown" : `${shortCount(Math.round(value))} ms`);
