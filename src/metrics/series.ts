/**
 * The names of what is counted. A series is a counter with its labels, and its ID is a text of these:
 * `http_requests|/healthz|200|`. Every label has a value from a closed set, so the number of series is bounded, and none
 * holds anything of a caller's. Pure.
 */
import { errorTypeOf, type Failure } from "../errors.ts";

/** The labels of each counter, in the order of its IDs. A histogram has one label, its bucket, or `sum` for its sum. */
export const COUNTER_LABELS = {
  http_requests: ["route", "status", "error_type"],
  cache_lookups: ["resource", "result"],
  upstream_requests: ["operation", "outcome"],
  upstream_request_duration: ["bucket"],
  key_lease_duration: ["bucket"],
  rate_limited: [],
  failed_authentications: ["reason"],
  purges: ["source"],
  degraded: ["part"],
} as const;

export type CounterName = keyof typeof COUNTER_LABELS;

export type HistogramName = "upstream_request_duration" | "key_lease_duration";

/** The route of a request that matched none. */
export const NO_ROUTE = "unmatched";

const SEPARATOR = "|";

/** `labels`: the values of the counter's labels, in order. */
export const seriesId = (name: CounterName, labels: readonly string[]): string =>
  [name, ...labels].join(SEPARATOR);

/** The name of the counter and the values of its labels; null if this version knows no such counter. */
export function parseSeriesId(
  id: string,
): { readonly name: CounterName; readonly labels: readonly string[] } | null {
  const [name = "", ...labels] = id.split(SEPARATOR);
  if (!Object.hasOwn(COUNTER_LABELS, name)) return null;
  const known = name as CounterName;
  return labels.length === COUNTER_LABELS[known].length ? { name: known, labels } : null;
}

/**
 * The upper bounds of the buckets, in seconds: those of OpenTelemetry for HTTP durations
 * (https://opentelemetry.io/docs/specs/semconv/http/http-metrics/).
 */
export const BUCKET_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
] as const;

/** The bucket of what takes longer than the highest bound. */
export const LAST_BUCKET = "+Inf";

/** The sum of a histogram, in whole ms. */
export const SUM = "sum";

/** The label of the lowest bucket that holds this duration. */
export const bucketOf = (ms: number): string =>
  String(BUCKET_SECONDS.find((bound) => ms <= bound * 1_000) ?? LAST_BUCKET);

/**
 * The types of an upstream 400 that are passed on and known. Stytch may send others, and may make them of what was
 * asked for.
 */
const KNOWN_UPSTREAM_TYPES = new Set([
  "invalid_organization_id",
  "invalid_organization_slug",
  "invalid_organization_external_id",
  "invalid_member_id",
  "invalid_member_external_id",
  "invalid_connected_app_id",
  "invalid_email",
  "invalid_email_address",
  "invalid_id",
  "bad_request",
  "live_id_used_in_test_environment",
  "test_id_used_in_live_environment",
  "query_params_do_not_match",
]);

/** The label `error_type`: what the caller sees, or `upstream_bad_request` for a type of Stytch's that is not known. */
export function errorTypeLabel(failure: Failure): string {
  const type = errorTypeOf(failure);
  return failure.type === "upstream_bad_request" && !KNOWN_UPSTREAM_TYPES.has(type) ? failure.type : type;
}
