/** The answer of `GET /admin/overview`. For types, `openapi.json` and tests: no part of the Worker. */
import * as z from "zod";

const count = z.int().nonnegative();
const milliseconds = z.number().nonnegative().nullable();
const share = z.number().min(0).max(1).nullable();

export const Totals = z.strictObject({
  requests: count.describe(
    "All of callers: those of operators, the console, webhooks and health checks are left out",
  ),
  hits: count,
  stale: count,
  misses: count.describe("Answered by Stytch, uncached and forced reads included"),
  denied: count.describe("401 and 403"),
  not_found: count,
  rate_limited: count.describe("429"),
  errors: count.describe("5xx"),
  upstream_requests: count.describe("HTTP requests to Stytch, retries included"),
});
export type Totals = Readonly<z.output<typeof Totals>>;

export const TopKey = z.strictObject({
  key_id: z.string(),
  name: z.string(),
  requests: count.describe("All but those over its limit and those that ask about the key itself"),
  rate_limited: count,
  last_used_at: z.iso.datetime().describe("When its last request was reported"),
});
export type TopKey = Readonly<z.output<typeof TopKey>>;

export const Cost = z.strictObject({
  usd_per_million: z
    .number()
    .nullable()
    .describe(
      "For a million requests, without the plan's $5 and logs; what the plan includes is not subtracted. Null if there were none",
    ),
  usd_per_month: z.number().describe("For a month like these hours: 730 hours with as many requests each"),
});
export type Cost = Readonly<z.output<typeof Cost>>;

export const Overview = z.strictObject({
  status: z.enum(["ok", "degraded"]),
  degraded: z.array(z.string()).readonly().describe("The parts that have failed in the last minutes"),
  totals: Totals,
  hit_ratio: share.describe(
    "The share of reads that the cache answered without waiting for Stytch; null if there were none",
  ),
  upstream: z.strictObject({
    p50_ms: milliseconds,
    p95_ms: milliseconds,
    p99_ms: milliseconds,
    error_ratio: share.describe(
      "The share of HTTP requests that brought no answer about what was asked; null if there were none",
    ),
  }),
  hours: z
    .array(Totals.extend({ hour: z.iso.datetime().describe("Its start") }))
    .readonly()
    .describe("Those with traffic, the oldest first"),
  top_keys: z.array(TopKey).readonly(),
  cost: Cost,
});
export type Overview = Readonly<z.output<typeof Overview>>;
