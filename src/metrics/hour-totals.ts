/** What was counted in a stretch of time, in the few figures that people ask for first. Pure. */
import type { SeriesCounts } from "./counters.ts";
import type { Totals } from "./overview-answer.ts";
import { parseSeriesId } from "./series.ts";

/** The paths that callers do not use, and those of people who open a page. */
const OPERATOR_ROUTE = /^\/(?:admin|console|handover|metrics|healthz|webhooks)(?:\/|$)/;

/** The reads that have an outcome in the cache: all of the Stytch API but its JWKS. */
const READ_ROUTE = /^\/v1\/(?!b2b\/sessions\/jwks\/)/;

/** The results of lookups that were answered, by what they count as. */
const HITS = ["memory", "kv"];
const STALE = ["stale", "stale_if_error"];

const NONE = {
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

/** What was counted between two sums. */
export function increaseOf(before: Readonly<SeriesCounts>, after: Readonly<SeriesCounts>): SeriesCounts {
  const changes = Object.entries(after).map(([id, count]) => [id, count - (before[id] ?? 0)] as const);
  return Object.fromEntries(changes.filter(([, change]) => change > 0));
}

/** `counts`: of a stretch of time, as `increaseOf` returns them. In one pass, since 30 days have many. */
export function totalsOf(counts: Readonly<SeriesCounts>): Totals {
  const totals = { ...NONE };
  let answeredReads = 0;
  for (const [id, count] of Object.entries(counts)) {
    const { name, labels } = parseSeriesId(id) ?? { name: null, labels: [] };
    const [first = "", second = ""] = labels;
    if (name === "upstream_requests") totals.upstream_requests += count;
    else if (name === "cache_lookups") {
      if (HITS.includes(second)) totals.hits += count;
      else if (STALE.includes(second)) totals.stale += count;
    } else if (name === "http_requests" && !OPERATOR_ROUTE.test(first)) {
      totals.requests += count;
      const refusal = refusalOf(Number(second));
      if (refusal !== null) totals[refusal] += count;
      // Not the 204 of a preflight.
      if ((second === "200" || second === "304") && READ_ROUTE.test(first)) answeredReads += count;
    }
  }
  // Lookups alone do not tell which misses were answered; those of hits and stale answers all were.
  totals.misses = Math.max(0, answeredReads - totals.hits - totals.stale);
  return totals;
}

function refusalOf(status: number): "denied" | "not_found" | "rate_limited" | "errors" | null {
  if (status >= 500) return "errors";
  if (status === 401 || status === 403) return "denied";
  if (status === 404) return "not_found";
  return status === 429 ? "rate_limited" : null;
}

/** Lookups with one of these results, of all resources. */
export const lookupsOf = (counts: Readonly<SeriesCounts>, results: readonly string[]) =>
  sumOf(counts, "cache_lookups", ([, result = ""]) => results.includes(result));

/** The sum of the counts of a name whose labels are meant. */
export function sumOf(
  counts: Readonly<SeriesCounts>,
  name: string,
  isMeant: (labels: readonly string[]) => boolean,
): number {
  let sum = 0;
  for (const [id, count] of Object.entries(counts)) {
    const series = parseSeriesId(id);
    if (series?.name === name && isMeant(series.labels)) sum += count;
  }
  return sum;
}
