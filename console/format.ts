/** Numbers and times as the viewer reads them. Pure but for the viewer's language and time zone. */

/** One language, that of the page, so that a decimal point is a point on every machine. */
const LANGUAGE = "en";

const whole = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(LANGUAGE, { notation: "compact", maximumSignificantDigits: 3 });
const percent = new Intl.NumberFormat(LANGUAGE, { style: "percent", maximumFractionDigits: 1 });
const dollars = new Intl.NumberFormat(LANGUAGE, { style: "currency", currency: "USD" });

/** 12,345. */
export const formatCount = (value: number) => whole.format(value);

/** 12.3K, for cards and axes. Up to 9,999 the number itself. */
export const formatShort = (value: number) => (value < 10_000 ? whole.format(value) : short.format(value));

/** 0.987 as 98.7%. A share that is not quite all or nothing never shows as such. */
export function formatRatio(ratio: number): string {
  if (ratio > 0.999 && ratio < 1) return "> 99.9%";
  if (ratio > 0 && ratio < 0.001) return "< 0.1%";
  return percent.format(ratio);
}

export const formatDollars = (value: number) =>
  value > 0 && value < 0.01 ? "< $0.01" : dollars.format(value);

/** 0.8 ms, 45 ms, 1.2 s. */
export function formatMs(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** `1 key`, `2 keys`. */
export const formatPlural = (count: number, one: string, many = `${one}s`) =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** 90 seconds, 5 minutes, 24 hours, 3 days: in the largest unit that divides it. */
export function formatSeconds(seconds: number): string {
  const units = [
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
  ] as const;
  const [size, name] = units.find(([unit]) => seconds >= unit && seconds % unit === 0) ?? [1, "second"];
  return formatPlural(seconds / size, name);
}

/** `60 calls in 1 minute`. */
export const formatRate = ({ limit, period_seconds }: { limit: number; period_seconds: number }) =>
  `${formatPlural(limit, "call")} in ${formatSeconds(period_seconds)}`;

const time = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
const utc = new Intl.DateTimeFormat(LANGUAGE, {
  dateStyle: "medium",
  timeStyle: "medium",
  hourCycle: "h23",
  timeZone: "UTC",
});

/** In the viewer's time zone, to the minute. `moment`: RFC 3339. */
export const formatTime = (moment: string) => time.format(new Date(moment));

/** The same in UTC, to the second. */
export const formatUtc = (moment: string) => `${utc.format(new Date(moment))} UTC`;

const relative = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto" });
const UNITS = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
] as const;

/** `5 minutes ago`, `in 3 days`, `just now`. `now`: ms since the epoch. */
export function formatRelative(moment: string, now: number): string {
  const difference = Date.parse(moment) - now;
  const [size, unit] = UNITS.find(([ms]) => Math.abs(difference) >= ms) ?? [0, "minute"];
  return size === 0 ? "just now" : relative.format(Math.trunc(difference / size), unit);
}

const hour = new Intl.DateTimeFormat(LANGUAGE, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

/** `Nov 29, 14:00` for an hour, `Nov 29, 12:00 to Nov 29, 18:00`, and `Nov 29, 00:00, 24 hours`. `at`: ms since the epoch. */
export function formatRange(at: number, hours: number): string {
  if (hours === 1) return hour.format(at);
  const end = at + hours * 3_600_000;
  return hours < 24
    ? `${hour.format(at)} to ${hour.format(end)}`
    : `${hour.format(at)}, ${formatPlural(hours, "hour")}`;
}

const clock = new Intl.DateTimeFormat(LANGUAGE, { timeStyle: "medium", hourCycle: "h23" });

/** `14:05:09`. `at`: ms since the epoch. */
export const formatClock = (at: number) => clock.format(at);

const hourOfDay = new Intl.DateTimeFormat(LANGUAGE, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dayOfMonth = new Intl.DateTimeFormat(LANGUAGE, { month: "short", day: "numeric" });

/** The texts of a time axis: the hour, and the day below the first of each; days alone if the marks are days apart. */
export function formatAxis(marks: readonly number[], stepMs: number): string[] {
  let before = "";
  return marks.map((at) => {
    const day = dayOfMonth.format(at);
    if (stepMs >= 86_400_000) return day;
    const isNewDay = day !== before;
    before = day;
    return isNewDay ? `${hourOfDay.format(at)}\n${day}` : hourOfDay.format(at);
  });
}
