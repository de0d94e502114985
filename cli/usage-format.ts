/** Formats what was counted, hour by hour, in at most 80 columns. */
import { allCalls } from "../src/keys/all-calls.ts";
import { column, shortCount } from "./bars.ts";
import type { CountedHour, Usage } from "./client.ts";
import { utcMinute } from "./format.ts";
import { table } from "./table.ts";

export function usageText({ hours }: Usage, requestedHours: number): string {
  if (hours.length === 0) return `No calls ${timeText(requestedHours)}.`;
  // The `requests` of a key lack what its limit refused. Those of the deployment do not.
  return hoursTable(
    hours.map((hour) => ({ ...hour, requests: allCalls(hour) })),
    "400, or counted by an earlier version",
  );
}

/** The current hour, which has begun and is not over, is one of `hours`. */
export const timeText = (hours: number) =>
  hours === 1 ? "in the current hour" : `in the last ${hours} hours`;

const COUNTS = [
  "requests",
  "hits",
  "stale",
  "misses",
  "denied",
  "not_found",
  "errors",
  "rate_limited",
] as const;
const HEADER = ["CALLS", "HITS", "STALE", "MISSES", "DENIED", "404", "5XX", "LIMITED"];

/**
 * A line for each hour, with a bar for its calls, and their total. `requests` of each hour: all calls. `others`: which
 * ones are in no column of their own; a last line says so if there are any.
 */
export function hoursTable(hours: readonly CountedHour[], others: string): string {
  const most = Math.max(...hours.map(({ requests }) => requests));
  const line = (countOf: (name: (typeof COUNTS)[number]) => number) =>
    COUNTS.map((name) => shortCount(countOf(name)));
  const totalOf = (name: (typeof COUNTS)[number]) => hours.reduce((sum, hour) => sum + (hour[name] ?? 0), 0);
  const [all, ...byOutcome] = COUNTS.map(totalOf);
  const rest = (all ?? 0) - byOutcome.reduce((sum, count) => sum + count, 0);
  const lines = table(
    ["UTC", "", ...HEADER],
    [
      ...hours.map((hour) => [
        utcMinute(hour.hour),
        column(hour.requests, most),
        ...line((name) => hour[name] ?? 0),
      ]),
      ["total", "", ...line(totalOf)],
    ],
  );
  return rest > 0 ? `${lines}\nIn no other column: ${shortCount(rest)} (${others})` : lines;
}
