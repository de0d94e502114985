/** The console's sentence about how Postern is. */
import { expect, test } from "vitest";
import { healthOf } from "../../console/overview/health.ts";
import type { Overview } from "../../console/shapes.ts";
import type { DegradedPart } from "../../src/log.ts";

const NO_TOTALS: Overview["totals"] = {
  requests: 0,
  hits: 0,
  stale: 0,
  misses: 0,
  denied: 0,
  not_found: 0,
  rate_limited: 0,
  errors: 0,
  upstream_requests: 0,
};

const healthWith = (
  totals: Partial<Overview["totals"]>,
  degraded: readonly string[] = [],
  error_ratio: number | null = null,
) =>
  healthOf(
    {
      status: degraded.length === 0 ? "ok" : "degraded",
      degraded,
      totals: { ...NO_TOTALS, ...totals },
      hit_ratio: null,
      upstream: { p50_ms: null, p95_ms: null, p99_ms: null, error_ratio },
      hours: [],
      top_keys: [],
      cost: { usd_per_million: null, usd_per_month: 0 },
    },
    "the last 24 hours",
  );

const WELL = { isGood: true, title: "All is well.", reasons: [], past: null };

test("all is well if nothing is degraded and hardly anything fails", () => {
  expect(healthWith({ requests: 5_000, errors: 3 })).toEqual(WELL);
});

test("all is well if nobody has called, and the sentence says so", () => {
  expect(healthWith({})).toEqual({ ...WELL, title: "All is well. Nobody has called yet." });
});

test("a single failure of few calls is no reason for concern", () => {
  expect(healthWith({ requests: 10, errors: 1, upstream_requests: 5 }, [], 0.4)).toEqual(WELL);
});

test("refused callers are no fault of Postern", () => {
  expect(healthWith({ requests: 500, denied: 200, rate_limited: 200 })).toEqual(WELL);
});

const PARTS: DegradedPart[] = [
  "kv_read",
  "kv_write",
  "upstream",
  "organization_object",
  "public_keys_object",
  "directory",
  "key_object",
  "failed_auth_limiter",
];

test.each(PARTS)("the degraded part %s is explained by what it means", (part) => {
  const { isGood, title, reasons } = healthWith({ requests: 500 }, [part]);
  expect([isGood, title, reasons.length]).toEqual([false, "Postern works, with something out of order.", 1]);
  expect(reasons[0]).not.toContain("does not know");
});

test.each(["moon", "toString"])("the part %s, which the page does not know, is named as it is", (part) => {
  const { reasons } = healthWith({}, [part]);
  expect(reasons).toEqual([`A part that this page does not know has failed: ${part}.`]);
});

test("what failed in the time that is shown is told beside the health, which is about now", () => {
  const totals = { requests: 1_000, errors: 20, upstream_requests: 100 };
  const past = "In the last 24 hours, 25% of the requests to Stytch and 2% of the callers' requests failed.";
  expect(healthWith(totals, [], 0.25)).toEqual({ ...WELL, past });
  const ill = healthWith(totals, ["key_object"], 0.25);
  expect([ill.isGood, ill.reasons.length, ill.past]).toEqual([false, 1, past]);
  expect(ill.reasons[0]).toMatch(/^Postern cannot reach the state of keys:/);
  expect(healthWith({ ...totals, errors: 0 }, [], 0.25).past).toBe(
    "In the last 24 hours, 25% of the requests to Stytch failed.",
  );
});
