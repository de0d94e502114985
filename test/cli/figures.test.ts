/** How the tool shows what was counted. */
import { expect, test } from "vitest";
import { bar, column, shortCount } from "../../cli/bars.ts";
import type { Overview } from "../../cli/client.ts";
import { overviewText } from "../../cli/overview-format.ts";
import { usageText } from "../../cli/usage-format.ts";

const MANY = 987_654_321;
const BUSY = {
  requests: MANY,
  rate_limited: MANY,
  hits: MANY,
  stale: MANY,
  misses: MANY,
  denied: MANY,
  not_found: MANY,
  errors: MANY,
};

test("usage has a line for each hour with a bar, and a total", () => {
  const hours = [
    { hour: "2026-11-21T19:00:00Z", requests: 1_000, rate_limited: 3 },
    { hour: "2026-11-21T20:00:00Z", requests: 12, rate_limited: 0, hits: 9, misses: 1, denied: 2 },
  ];
  expect(usageText({ hours }, 24).split("\n")).toEqual([
    "UTC                  CALLS  HITS  STALE  MISSES  DENIED  404  5XX  LIMITED",
    // An earlier version counted no outcomes.
    "2026-11-21 19:00  █  1003   0     0      0       0       0    0    3",
    "2026-11-21 20:00  ▁  12     9     0      1       2       0    0    0",
    "total                1015   9     0      1       2       0    0    3",
    "In no other column: 1000 (400, or counted by an earlier version)",
  ]);
  expect(usageText({ hours: [] }, 24)).toBe("No calls in the last 24 hours.");
  expect(usageText({ hours: [] }, 1)).toBe("No calls in the current hour.");
});

test.each([
  [0, "0"],
  [9_999, "9999"],
  [10_000, "10.0k"],
  [99_949, "99.9k"],
  [99_950, "100k"],
  [999_499, "999k"],
  [999_500, "1.0M"],
  [987_654_321, "988M"],
  [1_234_567_890, "1.2G"],
])("the count %i is shown as %s", (count, text) => {
  expect(shortCount(count)).toBe(text);
});

test("a bar is as long as its share, and shows what is little, but not zero", () => {
  expect([bar(0, 10, 4), bar(10, 10, 4), bar(5, 10, 4), bar(1, 1_000, 4), bar(20, 10, 4)]).toEqual([
    "",
    "████",
    "██",
    "▏",
    "████",
  ]);
  expect([0, 1, 4, 8].map((value) => column(value, 8))).toEqual([" ", "▁", "▄", "█"]);
  expect([bar(0, 0, 4), column(0, 0)]).toEqual(["", " "]);
});

const OVERVIEW: Overview = {
  degraded: [],
  totals: { requests: 12_345, upstream_requests: 120 },
  hit_ratio: 0.951,
  upstream: { p50_ms: 81.5, p95_ms: 240, p99_ms: 990, error_ratio: 0.025 },
  hours: [{ hour: "2026-11-21T20:00:00Z", ...BUSY }],
  top_keys: [
    {
      key_id: "0123456789abcdef",
      name: `Line\n${"n".repeat(120)}`,
      requests: MANY / 2,
      rate_limited: MANY / 2,
      last_used_at: "2026-11-21T20:31:02.123Z",
    },
  ],
  cost: { usd_per_million: 0.4412, usd_per_month: 12.3 },
};

test("the overview has health, hit ratio, Stytch, cost, hours and keys in at most 80 columns", () => {
  const lines = overviewText(OVERVIEW, 24).split("\n");
  expect(lines.slice(0, 8)).toEqual([
    "status           ok",
    "requests         12.3k in the last 24 hours",
    "hit ratio        95.1 %  ███████████████████",
    "Stytch           120 requests, 2.5 % of them failed",
    "Stytch's time    p50 82 ms, p95 240 ms, p99 990 ms",
    "cost, estimated  $0.44 a million requests, without the plan's $5 and logs",
    "cost of a month  $12.30, if its hours are like the last 24",
    "",
  ]);
  expect(lines.at(-1)).toBe(
    "0123456789abcdef  Line\\u{a}nnnnnnnn…  988M   494M     2026-11-21 20:31  ████████",
  );
  for (const line of lines) expect([...line].length).toBeLessThanOrEqual(80);
});

test("an overview without traffic says so, and one with failing parts names them", () => {
  const quiet = overviewText(
    {
      ...OVERVIEW,
      degraded: ["kv_read", "upstream"],
      totals: { requests: 0, upstream_requests: 0 },
      hit_ratio: null,
      upstream: { p50_ms: null, p95_ms: null, p99_ms: null, error_ratio: null },
      hours: [],
      top_keys: [],
      cost: { usd_per_million: null, usd_per_month: 0 },
    },
    1,
  );
  expect(quiet.split("\n")).toEqual([
    "status     degraded: kv_read, upstream",
    "requests   0 in the current hour",
    "hit ratio  no reads",
    "Stytch     not asked",
  ]);
});

test("calls of a key are all of them, with or without a place among its outcomes", () => {
  const hour = { hour: "2026-11-21T20:00:00Z", requests: 5, rate_limited: 2 };
  const text = (counts: object) => usageText({ hours: [{ ...hour, ...counts }] }, 24).split("\n");
  // The address of two was not allowed, so the limit was not asked.
  expect(text({ hits: 5, denied: 2 }).at(-1)).toBe(
    "total                9      5     0      0       2       0    0    2",
  );
  expect(text({ hits: 4 }).at(-1)).toMatch(/^In no other column: 1 /);
});

test("the busiest keys are in the order of their calls, with bars in proportion", () => {
  const key = { key_id: "0123456789abcdef", name: "A", last_used_at: "2026-11-21T20:31:02Z" };
  const top_keys = [
    { ...key, requests: 5, rate_limited: 3 },
    { ...key, requests: 6, rate_limited: 0 },
  ];
  const lines = overviewText({ ...OVERVIEW, hours: [], top_keys }, 24).split("\n");
  expect(lines.slice(-2)).toEqual([
    "0123456789abcdef  A     8      3        2026-11-21 20:31  ████████",
    "0123456789abcdef  A     6      0        2026-11-21 20:31  ██████",
  ]);
});

test("a month that costs less than a cent is not free, and one hour is the current one", () => {
  const cost = { usd_per_million: 1.28, usd_per_month: 0.0015 };
  expect(overviewText({ ...OVERVIEW, cost }, 1)).toContain(
    "cost of a month  under $0.01, if its hours are like the current one",
  );
});
