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
  if (overview.hours.length > 0)
    sections.push(hoursTable(overview.hours, "400, 405, /whoami, public keys, preflights"));
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
    ...costRows(cost, hours),
  ]);
}

function costRows(cost: Overview["cost"], hours: number): readonly (readonly [string, string])[] {
  if (cost.usd_per_million === null) return [];
  const stretch = hours === 1 ? "the current one so far" : `the last ${hours}`;
  return [
    [
      "cost, estimated",
      `${dollars(cost.usd_per_million)} a million requests, without the plan's $5 and logs`,
    ],
    ["cost of a month", `${dollars(cost.usd_per_month)}, if its hours are like ${stretch}`],
  ];
}

function keysTable(keys: Overview["top_keys"]): string {
  const callsOf = ({ requests, rate_limited }: (typeof keys)[number]) => requests + rate_limited;
  const most = Math.max(...keys.map(callsOf));
  return table(
    ["KEY ID", "NAME", "CALLS", "LIMITED", "LAST USED (UTC)", ""],
    keys.map((key) => [
      key.key_id,
      truncate(printable(key.name), MAX_NAME_WIDTH),
      shortCount(callsOf(key)),
      shortCount(key.rate_limited),
      utcMinute(key.last_used_at),
      bar(callsOf(key), most, KEY_BAR_WIDTH),
    ]),
  );
}

const dollars = (value: number) => (value > 0 && value < 0.005 ? "under $0.01" : `$${value.toFixed(2)}`);
const percent = (ratio: number) => `${(ratio * 100).toFixed(1)} %`;
const ms = (value: number | null) => (value === null ? "unknown" : `${shortCount(Math.round(value))} ms`);
