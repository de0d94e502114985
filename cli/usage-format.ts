/** Formats what was counted, hour by hour, in at most 80 columns. */
import { column, shortCount } from "./bars.ts";
import type { CountedHour, Usage } from "./client.ts";
import { utcMinute } from "./format.ts";
import { table } from "./table.ts";

export function usageText({ hours }: Usage, requestedHours: number): string {
  return hours.length === 0 ? `No calls ${timeText(requestedHours)}.` : hoursTable(hours);
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

/** A line for each hour, with a bar for its calls, and their total. */
export function hoursTable(hours: readonly CountedHour[]): string {
  const most = Math.max(...hours.map(({ requests }) => requests));
  const line = (countOf: (name: (typeof COUNTS)[number]) => number) =>
    COUNTS.map((name) => shortCount(countOf(name)));
  return table(
    ["UTC", "", ...HEADER],
    [
      ...hours.map((hour) => [
        utcMinute(hour.hour),
        column(hour.requests, most),
        ...line((name) => hour[name] ?? 0),
      ]),
      ["total", "", ...line((name) => hours.reduce((sum, hour) => sum + (hour[name] ?? 0), 0))],
    ],
  );
}
