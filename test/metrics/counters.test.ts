/** What an isolate counts in memory. */
import { describe, expect, test } from "vitest";
import { Counters } from "../../src/metrics/counters.ts";
import { outcomeOf } from "../../src/metrics/outcome.ts";
import { bucketOf, errorTypeLabel, parseSeriesId } from "../../src/metrics/series.ts";

test("counts are taken once, and what is counted afterwards comes with the next ones", () => {
  const counters = new Counters();
  expect(counters.take()).toBeNull();
  counters.request("/v1/:id/x", 200, null);
  counters.request("/v1/:id/x", 200, null);
  counters.request("/v1/:id/x", 404, "member_not_found");
  counters.request(null, 404, "route_not_found");
  counters.keyRequest("key", "hit");
  counters.keyRequest("key", "hit");
  counters.keyRequest("key", "denied");
  expect(counters.take()).toEqual({
    series: {
      "http_requests|/v1/{id}/x|200|": 2,
      "http_requests|/v1/{id}/x|404|member_not_found": 1,
      "http_requests|unmatched|404|route_not_found": 1,
    },
    keys: { key: { hit: 2, denied: 1 } },
  });
  expect(counters.take()).toBeNull();
  counters.request("/v1/:id/x", 200, null);
  expect(counters.take()).toEqual({ series: { "http_requests|/v1/{id}/x|200|": 1 }, keys: {} });
});

test("a status of its own is counted apart, also if the error is the same", () => {
  const counters = new Counters();
  counters.request("/healthz", 503, "misconfigured");
  counters.request("/healthz", 500, "misconfigured");
  expect(Object.values(counters.take()?.series ?? {})).toEqual([1, 1]);
});

test("a duration is in the lowest bucket that holds it, and the sum is in whole ms", () => {
  const counters = new Counters();
  for (const ms of [0, 5, 6, 10_000, 10_001]) counters.upstreamRequest("member", "ok", ms);
  counters.keyLease(-3);
  expect(counters.take()?.series).toEqual({
    "upstream_requests|member|ok": 5,
    "upstream_request_duration|0.005": 2,
    "upstream_request_duration|0.01": 1,
    "upstream_request_duration|10": 1,
    "upstream_request_duration|+Inf": 1,
    "upstream_request_duration|sum": 20_012,
    "key_lease_duration|0.005": 1,
  });
  expect([bucketOf(5), bucketOf(5.01), bucketOf(1_000), bucketOf(2_500)]).toEqual([
    "0.005",
    "0.01",
    "1",
    "2.5",
  ]);
});

test("what another isolate has counted is added to the own counts", () => {
  const counters = new Counters();
  counters.purge("cache");
  counters.add({ series: { "purges|cache": 2, "degraded|kv_write": 1 }, keys: {} });
  expect(counters.take()?.series).toEqual({ "purges|cache": 3, "degraded|kv_write": 1 });
});

test("counts are overdue once the oldest of them has waited so long, and not after they are taken", () => {
  let now = 1_000;
  const counters = new Counters(() => now);
  expect(counters.isOverdue(1e12, 5_000)).toBe(false);
  counters.rateLimited();
  now = 5_000;
  counters.rateLimited();
  expect([counters.isOverdue(5_999, 5_000), counters.isOverdue(6_000, 5_000)]).toEqual([false, true]);
  counters.take();
  expect(counters.isOverdue(1e12, 5_000)).toBe(false);
});

test("between two reports, an isolate counts 5,000 keys at most", () => {
  const counters = new Counters();
  for (let i = 0; i < 6_000; i += 1) counters.keyRequest(`key${i}`, "hit");
  counters.keyRequest("key0", "hit");
  const keys = counters.take()?.keys ?? {};
  expect(Object.keys(keys)).toHaveLength(5_000);
  expect(keys["key0"]).toEqual({ hit: 2 });
});

describe("series", () => {
  test("an ID is parsed into its counter and labels, and one of another version into nothing", () => {
    expect(parseSeriesId("http_requests|/a/{b}|200|")).toEqual({
      name: "http_requests",
      labels: ["/a/{b}", "200", ""],
    });
    expect(parseSeriesId("rate_limited")).toEqual({ name: "rate_limited", labels: [] });
    for (const id of ["rate_limited|x", "purges", "unknown|x", "constructor", ""])
      expect(parseSeriesId(id)).toBeNull();
  });

  test.each([
    ["invalid_organization_id", "invalid_organization_id"],
    ["invalid_organization_acme", "upstream_bad_request"],
    ["invalid_email_ada", "upstream_bad_request"],
  ])("the label of an upstream 400 of type %s is %s", (errorType, label) => {
    const failure = { type: "upstream_bad_request", errorType, errorMessage: "", errorUrl: "" } as const;
    expect(errorTypeLabel(failure)).toBe(label);
  });
});

test.each([
  [200, "memory", "hit"],
  [304, "kv", "hit"],
  [200, "stale", "stale"],
  [200, "stale_if_error", "stale"],
  [200, "miss", "miss"],
  [200, "collapsed", "miss"],
  [200, "bypass", "miss"],
  [200, null, "other"],
  [404, "negative", "not_found"],
  [404, "miss", "not_found"],
  [401, null, "denied"],
  [403, null, "denied"],
  [429, null, "rate_limited"],
  [400, "miss", "invalid"],
  [405, null, "invalid"],
  [500, null, "error"],
  [504, "miss", "error"],
] as const)("a %i after a lookup that was %s is %s", (status, result, outcome) => {
  expect(outcomeOf(status, result)).toBe(outcome);
});
