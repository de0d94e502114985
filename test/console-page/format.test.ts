/** Numbers and times of the console, as people read them. */
import { expect, test } from "vitest";
import {
  formatAxis,
  formatCount,
  formatDollars,
  formatMs,
  formatPlural,
  formatRange,
  formatRate,
  formatRatio,
  formatRelative,
  formatSeconds,
  formatShort,
  formatUtc,
} from "../../console/format.ts";

test("a count has separators, and is short from ten thousand on", () => {
  expect(formatCount(1_234_567)).toBe("1,234,567");
  expect([0, 9_999, 12_345, 1_234_567].map(formatShort)).toEqual(["0", "9,999", "12.3K", "1.23M"]);
});

test("a share that is not quite all or nothing never reads as such", () => {
  const shares = [0, 0.0004, 0.5, 0.977, 0.9996, 1].map(formatRatio);
  expect(shares).toEqual(["0%", "< 0.1%", "50%", "97.7%", "> 99.9%", "100%"]);
});

test("dollars have cents, and less than one is not nothing", () => {
  expect([0, 0.004, 1_234.5].map(formatDollars)).toEqual(["$0.00", "< $0.01", "$1,234.50"]);
});

test("durations are in the unit that fits them", () => {
  expect([0.83, 45.4, 1_234].map(formatMs)).toEqual(["0.8 ms", "45 ms", "1.2 s"]);
  expect([1, 90, 300, 3_600, 604_800].map(formatSeconds)).toEqual([
    "1 second",
    "90 seconds",
    "5 minutes",
    "1 hour",
    "7 days",
  ]);
});

test("one is singular, and everything else plural", () => {
  expect([0, 1, 2].map((count) => formatPlural(count, "key"))).toEqual(["0 keys", "1 key", "2 keys"]);
  expect(formatRate({ limit: 60, period_seconds: 60 })).toBe("60 calls in 1 minute");
});

test.each([
  ["2026-11-29T11:59:31Z", "just now"],
  ["2026-11-29T11:55:00Z", "5 minutes ago"],
  ["2026-11-29T15:00:00Z", "in 3 hours"],
  ["2026-11-26T12:00:00Z", "3 days ago"],
])("at noon, the time %s is %s", (moment, text) => {
  expect(formatRelative(moment, Date.parse("2026-11-29T12:00:00Z"))).toBe(text);
});

test("a time in UTC says so, to the second", () => {
  expect(formatUtc("2026-11-29T23:05:09Z")).toBe("Nov 29, 2026, 23:05:09 UTC");
});

test("a time axis names the day below the first hour of each", () => {
  const at = new Date(2026, 10, 28, 22).getTime();
  const marks = [0, 1, 2, 3].map((hour) => at + hour * 3_600_000);
  expect(formatAxis(marks, 3_600_000)).toEqual(["22:00\nNov 28", "23:00", "00:00\nNov 29", "01:00"]);
  expect(formatAxis([at], 86_400_000)).toEqual(["Nov 28"]);
});

test("a bar of one hour is its start, and a longer one its start and length", () => {
  const at = new Date(2026, 10, 28, 6).getTime();
  expect([1, 6, 24].map((hours) => formatRange(at, hours))).toEqual([
    "Nov 28, 06:00",
    "Nov 28, 06:00 to Nov 28, 12:00",
    "Nov 28, 06:00, 24 hours",
  ]);
});
