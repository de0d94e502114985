/**
 * The metrics by name, with what people read of them. Names and units follow the conventions of Prometheus
 * (https://prometheus.io/docs/practices/naming/), with the labels of OpenTelemetry in short.
 */
import type { CounterName } from "./series.ts";

export interface Family {
  /** Without the suffix `_total` of a counter. */
  readonly name: string;
  readonly type: "counter" | "histogram";
  readonly help: string;
  /** The values of labels from small sets: shown from the beginning, so that the first increase is seen as one. */
  readonly initial: readonly (readonly string[])[];
}

const NO_LABELS: Family["initial"] = [[]];

/** What is true of every counter. */
const LOSS =
  "An isolate that ends takes what it has not reported with it: its counts of LEASE_SECONDS at most, and of a minute more if the Directory restarts as well.";

const counter = (name: string, help: string, initial: Family["initial"] = []): Family => ({
  name: `postern_${name}`,
  type: "counter",
  help: `${help} ${LOSS}`,
  initial,
});

const histogram = (name: string, help: string): Family => ({
  name: `postern_${name}_seconds`,
  type: "histogram",
  help: `${help} ${LOSS}`,
  initial: NO_LABELS,
});

const each = (...values: string[]) => values.map((value) => [value]);

export const FAMILIES: Readonly<Record<CounterName, Family>> = {
  http_requests: counter(
    "http_requests",
    "Answered requests, by route pattern, status and error_type; error_type is empty for a success.",
  ),
  cache_lookups: counter(
    "cache_lookups",
    "Reads by how the cache answered: one for each request that got as far as its lookup.",
  ),
  upstream_requests: counter(
    "upstream_requests",
    "HTTP requests to Stytch, retries included, by what was read and how the request ended.",
  ),
  upstream_request_duration: histogram(
    "upstream_request_duration",
    "How long each HTTP request to Stytch took, until its body had arrived or it had failed.",
  ),
  key_lease_duration: histogram("key_lease_duration", "How long calls of the keys' objects took."),
  rate_limited: counter(
    "rate_limited",
    "Requests refused because the rate limit of a key or member was used up.",
    NO_LABELS,
  ),
  failed_authentications: counter(
    "failed_authentications",
    "Requests whose credentials were refused, by error_type, also if the caller was told 429.",
    each(
      "missing_key",
      "invalid_key",
      "expired_key",
      "revoked_key",
      "invalid_session",
      "expired_session",
      "revoked_session",
      "invalid_admin_token",
      "invalid_metrics_token",
      "invalid_signature",
      "handover_not_found",
    ),
  ),
  purges: counter(
    "purges",
    "Purges, by who asked for them: an operator, a webhook, or the cache itself when an answer of Stytch ended an entry.",
    each("admin", "webhook", "cache"),
  ),
  degraded: counter(
    "degraded",
    "How often a part failed and Postern went on without it.",
    each(
      "kv_read",
      "kv_write",
      "upstream",
      "organization_object",
      "public_keys_object",
      "directory",
      "key_object",
      "failed_auth_limiter",
    ),
  ),
};

/** Only with `METRICS_PER_KEY`. */
export const KEY_REQUESTS = counter(
  "key_requests",
  "Requests of genuine keys by outcome, for the 5,000 keys that were used last.",
);

export const KEYS_HELP = "Keys by status.";
export const BUILD_HELP = "The version of Postern that answers the scrape.";
