/** What a scrape can show: every metric, with every value of the labels that have few. */
import type { Failure } from "../../src/errors.ts";
import type { KeyStatus } from "../../src/keys/record.ts";
import { formatMetrics } from "../../src/metrics/exposition.ts";
import { type CacheResult, OUTCOMES } from "../../src/metrics/outcome.ts";
import { type CounterName, seriesId } from "../../src/metrics/series.ts";
import * as reads from "../../src/stytch/reads.ts";
import type { RequestOutcome } from "../../src/stytch/request-outcome.ts";

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const OPERATIONS = [
  reads.organizationRead("a"),
  reads.memberRead("a", false),
  reads.organizationMemberRead("a", { memberId: "a", emailAddress: undefined }),
  reads.metricsRead("a"),
  reads.connectedAppsRead("a"),
  reads.connectedAppRead("a", "b"),
  reads.organizationPolicyRead("a"),
  reads.projectPolicyRead,
].map(({ operation }) => operation);

// The compiler refuses a value that is missing here, and one that no longer exists.
const RESULTS = {
  memory: 1,
  kv: 1,
  stale: 1,
  miss: 1,
  collapsed: 1,
  stale_if_error: 1,
  negative: 1,
  bypass: 1,
} satisfies Record<CacheResult, 1>;
const UPSTREAM_OUTCOMES = {
  ok: 1,
  not_found: 1,
  bad_request: 1,
  rejected: 1,
  invalid_response: 1,
  rate_limited: 1,
  unavailable: 1,
  timeout: 1,
} satisfies Record<RequestOutcome, 1>;
const KEY_STATUSES = { active: 1, expired: 1, revoked: 1 } satisfies Record<KeyStatus, 1>;

const ANSWERS: readonly (readonly [status: string, errorType: Failure["type"] | ""])[] = [
  ["200", ""],
  ["304", ""],
  ["401", "invalid_key"],
  ["404", "organization_not_found"],
  ["429", "too_many_requests"],
  ["502", "upstream_rejected"],
  ["503", "key_service_unavailable"],
];

/** Pairs of each of these with each of those. */
const pairs = (these: readonly string[], those: object) =>
  these.flatMap((one) => Object.keys(those).map((other) => [one, other]));

/** The values of the labels of counters whose values are not shown from the beginning. */
const COUNTED: Partial<Record<CounterName, readonly (readonly string[])[]>> = {
  http_requests: ANSWERS.map((answer) => ["/v1/b2b/organizations/{organization_id}", ...answer]),
  cache_lookups: pairs(OPERATIONS, RESULTS),
  upstream_requests: pairs([...OPERATIONS, "jwks"], UPSTREAM_OUTCOMES),
};

export function scrapeSamples(): Sample[] {
  const ids = Object.entries(COUNTED).flatMap(([name, values]) =>
    values.map((labels) => seriesId(name as CounterName, labels)),
  );
  const snapshot = {
    createdAt: 0,
    series: Object.fromEntries(ids.map((id) => [id, 1])),
    keys: [
      { keyId: "k", lastUsedAt: 0, outcomes: Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 1])) },
    ],
    keyStatuses: KEY_STATUSES,
    receipt: null,
  };
  const text = formatMetrics(snapshot, { format: "prometheus", version: "1", perKey: true });
  return text.split("\n").flatMap((line) => {
    const [, name, labels = ""] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined) return [];
    const values = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value]);
    return [{ name, labels: Object.fromEntries(values) as Record<string, string> }];
  });
}

/** The labels of all samples, and the one that Prometheus adds. */
export const KNOWN_LABELS: ReadonlySet<string> = new Set([
  ...scrapeSamples().flatMap(({ labels }) => Object.keys(labels)),
  "job",
]);
