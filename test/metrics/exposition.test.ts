/** The text of a scrape, character by character. */
import { expect, test } from "vitest";
import { formatMetrics } from "../../src/metrics/exposition.ts";
import type { MetricsSnapshot } from "../../src/metrics/metrics-snapshot.ts";

const SNAPSHOT: MetricsSnapshot = {
  createdAt: 1_800_000_000_500,
  series: {
    "http_requests|/v1/b2b/organizations/{organization_id}|200|": 7,
    "upstream_request_duration|0.1": 3,
    "upstream_request_duration|1": 1,
    "upstream_request_duration|+Inf": 2,
    "upstream_request_duration|sum": 25_250,
    "purges|cache": 1,
    // A later version counts these.
    "flights|late": 9,
    "purges|cache|more": 9,
  },
  keys: [
    { keyId: "k1", lastUsedAt: 0, outcomes: { hit: 2, denied: 1 } },
    { keyId: "k2", lastUsedAt: 0, outcomes: { miss: 1 } },
  ],
  keyStatuses: { active: 2, expired: 0, revoked: 1 },
  receipt: null,
};
const format = (of: "prometheus" | "openmetrics", perKey = false) =>
  formatMetrics(SNAPSHOT, { format: of, version: "1.2.3", perKey });
/** The lines of one metric, without its help. */
const linesOf = (text: string, name: string) =>
  text.split("\n").filter((line) => line.includes(name) && !line.startsWith("# HELP"));

test("a counter of Prometheus text has its suffix in its name, and one of OpenMetrics in its samples", () => {
  const labels = '{route="/v1/b2b/organizations/{organization_id}",status="200",error_type=""}';
  expect(linesOf(format("prometheus"), "postern_http_requests")).toEqual([
    "# TYPE postern_http_requests_total counter",
    `postern_http_requests_total${labels} 7`,
  ]);
  expect(linesOf(format("openmetrics"), "postern_http_requests")).toEqual([
    "# TYPE postern_http_requests counter",
    `postern_http_requests_total${labels} 7`,
    `postern_http_requests_created${labels} 1800000000.5`,
  ]);
});

test("series of small sets are there before they are counted, and unknown ones are left out", () => {
  expect(linesOf(format("prometheus"), "postern_purges")).toEqual([
    "# TYPE postern_purges_total counter",
    'postern_purges_total{source="admin"} 0',
    'postern_purges_total{source="webhook"} 0',
    'postern_purges_total{source="cache"} 1',
  ]);
  expect(linesOf(format("prometheus"), "postern_rate_limited_total").at(-1)).toBe(
    "postern_rate_limited_total 0",
  );
  expect(format("prometheus")).not.toContain("flights");
});

test("the buckets of a histogram add up to its count, and its sum is in seconds", () => {
  const name = "postern_upstream_request_duration_seconds";
  const text = linesOf(format("openmetrics"), name);
  expect(text.slice(0, 3)).toEqual([
    `# TYPE ${name} histogram`,
    `# UNIT ${name} seconds`,
    `${name}_bucket{le="0.005"} 0`,
  ]);
  expect(text).toContain(`${name}_bucket{le="0.075"} 0`);
  expect(text).toContain(`${name}_bucket{le="0.1"} 3`);
  expect(text).toContain(`${name}_bucket{le="1.0"} 4`);
  expect(text.slice(-5)).toEqual([
    `${name}_bucket{le="10.0"} 4`,
    `${name}_bucket{le="+Inf"} 6`,
    `${name}_sum 25.25`,
    `${name}_count 6`,
    `${name}_created 1800000000.5`,
  ]);
  expect(linesOf(format("prometheus"), name)).toContain(`${name}_bucket{le="1"} 4`);
  expect(format("prometheus")).not.toMatch(/_created|# UNIT|# EOF/);
});

test("keys are a gauge, the build is an info, and each key is shown only if asked for", () => {
  const open = format("openmetrics");
  expect(linesOf(open, "postern_keys")).toEqual([
    "# TYPE postern_keys gauge",
    'postern_keys{status="active"} 2',
    'postern_keys{status="expired"} 0',
    'postern_keys{status="revoked"} 1',
  ]);
  expect(linesOf(open, "postern_build")).toEqual([
    "# TYPE postern_build info",
    'postern_build_info{version="1.2.3"} 1',
  ]);
  expect(linesOf(format("prometheus"), "postern_build")[0]).toBe("# TYPE postern_build_info gauge");
  expect(open).not.toContain("key_id");
  expect(linesOf(format("prometheus", true), "postern_key_requests")).toEqual([
    "# TYPE postern_key_requests_total counter",
    'postern_key_requests_total{key_id="k1",outcome="hit"} 2',
    'postern_key_requests_total{key_id="k1",outcome="denied"} 1',
    'postern_key_requests_total{key_id="k2",outcome="miss"} 1',
  ]);
});

test("every help says what an isolate that ends takes with it", () => {
  const helps = format("prometheus")
    .split("\n")
    .filter((line) => line.startsWith("# HELP"));
  expect(helps).toHaveLength(11);
  for (const help of helps) {
    if (!/postern_(?:keys|build_info) /.test(help)) expect(help).toContain("LEASE_SECONDS at most");
  }
});

test("quotes, backslashes and line ends of a label are escaped", () => {
  const text = formatMetrics(
    { ...SNAPSHOT, keyStatuses: {} as MetricsSnapshot["keyStatuses"], series: { 'purges|a\\b"c\nd': 1 } },
    { format: "prometheus", version: "1", perKey: false },
  );
  expect(linesOf(text, "postern_purges_total")).toContain('postern_purges_total{source="a\\\\b\\"c\\nd"} 1');
});
