/**
 * What the deployment costs at Cloudflare, estimated from what was counted: the prices and the formula are those of the
 * benchmark. Pure.
 */
import type { SeriesCounts } from "./counters.ts";
import { lookupsOf, sumOf } from "./hour-totals.ts";
import type { Cost } from "./overview-answer.ts";
import { CPU_MS_PER_REQUEST, dollarsPerMillion, type Operations } from "./prices.ts";
import { BUCKET_SECONDS, LAST_BUCKET } from "./series.ts";

const HOURS_PER_MONTH = 730;

/** A lease brings a usage report, one in five of which is stored, and a miss leaves two rows, as the benchmark counts them. */
const ROWS_PER_LEASE = 0.2;
const ROWS_PER_MISS = 2;

/** The Worker itself asks Stytch for these, and pays for no object that waits. */
const MEMBER_OPERATIONS = ["member", "organization_member"];

/**
 * `counts`: of the last `hours` hours. The cost of a month supposes that the others are like these. Hours from before the
 * deployment, and the rest of the current one, count as hours without traffic: a projection from the minutes since would
 * take the first test of a new deployment for its usual traffic.
 */
export function costOf(counts: Readonly<SeriesCounts>, hours: number): Cost {
  // Cloudflare bills all requests, whoever makes them.
  const requests = sumOf(counts, "http_requests", () => true);
  if (requests === 0) return { usd_per_million: null, usd_per_month: 0 };
  const perMillion = dollarsPerMillion(operationsOf(counts), requests, CPU_MS_PER_REQUEST, true);
  return {
    usd_per_million: round(perMillion, 3),
    usd_per_month: round((perMillion * requests * HOURS_PER_MONTH) / hours / 1_000_000, 4),
  };
}

/**
 * An estimate: syncs of the purge list are not counted, nor is whether a read by slug makes a second read of KV, or a
 * refresh a write.
 */
function operationsOf(counts: Readonly<SeriesCounts>): Operations {
  const leases = sumOf(
    counts,
    "key_lease_duration",
    ([bucket = ""]) => bucket === LAST_BUCKET || BUCKET_SECONDS.some((bound) => String(bound) === bucket),
  );
  const misses = lookupsOf(counts, ["miss"]);
  const asked = lookupsOf(counts, ["miss", "collapsed", "negative", "stale", "stale_if_error"]);
  const objectCalls = leases + asked;
  return {
    kvReads: asked + lookupsOf(counts, ["kv"]),
    kvWrites: misses,
    objectCalls,
    rowsRead: objectCalls,
    rowsWritten: leases * ROWS_PER_LEASE + misses * ROWS_PER_MISS,
    upstreamCalls: sumOf(
      counts,
      "upstream_requests",
      ([operation = ""]) => !MEMBER_OPERATIONS.includes(operation),
    ),
  };
}

const round = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;
