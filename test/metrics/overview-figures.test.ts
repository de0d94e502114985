/** How the figures of the overview are made from the counts. */
import { expect, test } from "vitest";
import { costOf } from "../../src/metrics/cost.ts";
import { increaseOf, totalsOf } from "../../src/metrics/hour-totals.ts";
import type { KeySum } from "../../src/metrics/metric-sum.ts";
import type { Outcome } from "../../src/metrics/outcome.ts";
import { overviewOf, topKeysOf } from "../../src/metrics/overview.ts";
import { CPU_MS_PER_REQUEST, dollarsPerMillion } from "../../src/metrics/prices.ts";
import { quantileMs } from "../../src/metrics/quantile.ts";

const ORGANIZATION = "/v1/b2b/organizations/{organization_id}";
const durations = (buckets: Record<string, number>) =>
  Object.fromEntries(Object.entries(buckets).map(([bound, n]) => [`upstream_request_duration|${bound}`, n]));

test.each([
  [{ "0.05": 10, "0.1": 10, sum: 1_200 }, [50, 97.5, 99.5]],
  [{ "0.005": 4 }, [2.5, 4.8, 5]],
  [{ "+Inf": 3 }, [10_000, 10_000, 10_000]],
  [{ "0.01": 99, "+Inf": 1 }, [7.5, 9.8, 10]],
  [{ sum: 0 }, [null, null, null]],
])("the quantiles of the buckets %j are %j", (buckets, quantiles) => {
  const counts = durations(buckets);
  const found = [0.5, 0.95, 0.99].map((share) => quantileMs(counts, "upstream_request_duration", share));
  expect(found).toEqual(quantiles);
});

test("totals leave out operators, pages, health checks and preflights' answers, and what no version knows", () => {
  expect(
    totalsOf({
      [`http_requests|${ORGANIZATION}|200|`]: 5,
      [`http_requests|${ORGANIZATION}|204|`]: 2,
      "http_requests|/v1/b2b/sessions/jwks/{project_id}|200|": 3,
      "http_requests|/whoami|200|": 1,
      "http_requests|/admin/keys|401|invalid_admin_token": 7,
      "http_requests|/console/session|401|invalid_admin_token": 7,
      "http_requests|/handover|404|handover_not_found": 7,
      "http_requests|/metrics|200|": 7,
      "http_requests|/healthz|503|misconfigured": 7,
      "http_requests|/webhooks/stytch|401|invalid_signature": 7,
      "http_requests|unmatched|404|route_not_found": 1,
      "cache_lookups|organization|kv": 2,
      "cache_lookups|organization|stale_if_error": 1,
      "upstream_requests|jwks|ok": 1,
      "novelty|x": 9,
    }),
  ).toEqual({
    requests: 12,
    hits: 2,
    stale: 1,
    misses: 2,
    denied: 0,
    not_found: 1,
    rate_limited: 0,
    errors: 0,
    upstream_requests: 1,
  });
});

test("the increase has what was counted since, and nothing of what was not", () => {
  expect(increaseOf({ a: 1, b: 2 }, { a: 1, b: 5, c: 3 })).toEqual({ b: 3, c: 3 });
});

test("hours are counted from the last sum before them, and quiet ones are left out", () => {
  const requests = (n: number) => ({ [`http_requests|${ORGANIZATION}|429|too_many_requests`]: n });
  const overview = overviewOf({
    before: requests(10),
    sums: [
      { hour: 100, series: requests(13) },
      { hour: 102, series: requests(13) },
      { hour: 103, series: requests(20) },
    ],
    hourCount: 4,
    degraded: [],
    topKeys: [],
  });
  expect(overview.hours.map(({ hour, rate_limited }) => [hour, rate_limited])).toEqual([
    ["1970-01-05T04:00:00Z", 3],
    ["1970-01-05T07:00:00Z", 7],
  ]);
  expect(overview.totals).toMatchObject({ requests: 10, rate_limited: 10 });
  expect(overview.hit_ratio).toBeNull();
});

test("the cost follows the prices and the formula of the benchmark", () => {
  const counts = {
    [`http_requests|${ORGANIZATION}|200|`]: 900,
    "http_requests|/admin/keys|200|": 100,
    "cache_lookups|organization|memory": 700,
    "cache_lookups|organization|kv": 100,
    "cache_lookups|organization|miss": 60,
    "cache_lookups|organization|stale": 30,
    "cache_lookups|member|bypass": 10,
    "upstream_requests|organization|ok": 90,
    "upstream_requests|member|ok": 10,
    "key_lease_duration|0.01": 30,
    "key_lease_duration|+Inf": 10,
    "key_lease_duration|sum": 10_000,
  };
  const operations = {
    kvReads: 190,
    kvWrites: 60,
    objectCalls: 130,
    rowsRead: 130,
    rowsWritten: 128,
    upstreamCalls: 90,
  };
  const perMillion = dollarsPerMillion(operations, 1_000, CPU_MS_PER_REQUEST, true);
  const { usd_per_million, usd_per_month } = costOf(counts, 1);
  expect(usd_per_million).toBeCloseTo(perMillion, 3);
  expect(usd_per_month).toBeCloseTo((perMillion * 1_000 * 730) / 1_000_000, 2);
  expect(costOf({}, 1)).toEqual({ usd_per_million: null, usd_per_month: 0 });
});

test("a month costs as much as it has stretches of the hours that were asked for", () => {
  const counts = { [`http_requests|${ORGANIZATION}|200|`]: 100_000 };
  const [hour, day, month] = [costOf(counts, 1), costOf(counts, 24), costOf(counts, 720)];
  expect([hour, day, month].map(({ usd_per_million }) => usd_per_million)).toEqual([0.302, 0.302, 0.302]);
  expect(hour.usd_per_month).toBeCloseTo(0.030236 * 730, 2);
  expect(day.usd_per_month).toBeCloseTo((0.030236 * 730) / 24, 3);
  expect(month.usd_per_month).toBeCloseTo((0.030236 * 730) / 720, 4);
  // Less than a cent is not nothing.
  expect(costOf({ [`http_requests|${ORGANIZATION}|200|`]: 39 }, 24).usd_per_month).toBe(0.0004);
});

const keySum = (keyId: string, outcomes: Partial<Record<Outcome, number>>): KeySum => ({
  keyId,
  lastUsedAt: 0,
  outcomes,
});

test("the top keys are the 20 with the most requests since then, without those of other projects", () => {
  const after = Array.from({ length: 30 }, (_, i) => keySum(`key${i}`, { hit: 100 + i }));
  const before = [keySum("key29", { hit: 128 })];
  const top = topKeysOf(before, after, (id) => (id === "key28" ? null : `Name of ${id}`));
  expect(top).toHaveLength(20);
  expect(top[0]).toEqual({
    key_id: "key27",
    name: "Name of key27",
    requests: 127,
    rate_limited: 0,
    last_used_at: "1970-01-01T00:00:00.000Z",
  });
  expect(top.map(({ key_id }) => key_id)).not.toContain("key29");
});

test("a key's requests are those its limit admitted, and a sum that began again counts from zero", () => {
  const outcomes = { hit: 3, miss: 1, denied: 1, invalid: 1, error: 1, rate_limited: 2, other: 9 };
  const find = (before: KeySum[], after: KeySum) => topKeysOf(before, [after], () => "A")[0];
  expect(find([], keySum("a", outcomes))).toMatchObject({ requests: 7, rate_limited: 2 });
  expect(find([keySum("a", { hit: 50 })], keySum("a", { hit: 4 }))).toMatchObject({ requests: 4 });
  expect(find([], keySum("a", { other: 5 }))).toBeUndefined();
});

test("a key whose calls are refused is among the busiest by all that it asked", () => {
  const sums = [keySum("a", { hit: 5, rate_limited: 1 }), keySum("b", { hit: 1, rate_limited: 6 })];
  expect(topKeysOf([], sums, (id) => id).map(({ key_id }) => key_id)).toEqual(["b", "a"]);
});
