/** Who may read the metrics, and in which form they come. */
import { beforeEach, describe, expect, test } from "vitest";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { parseFamilies } from "../support/metrics.ts";
import { ADMIN_HEADERS } from "../support/scrape.ts";
import { TEST_VARS } from "../support/vars.ts";

const METRICS_TOKEN = "canary-of-the-metrics-token-0123456789abcdef";
const METRICS_HEADERS = { Authorization: `Bearer ${METRICS_TOKEN}` };

let isolate: TestIsolate;
beforeEach(() => {
  isolate = createIsolate({ METRICS_TOKEN });
});

describe("access", () => {
  test("the metrics token and the admin token may read the metrics, and HEAD works as well", async () => {
    for (const headers of [METRICS_HEADERS, ADMIN_HEADERS]) {
      const response = await isolate.call("/metrics", { headers });
      expect([response.status, response.headers.get("Cache-Control")]).toEqual([200, "no-store"]);
    }
    const head = await isolate.call("/metrics", { headers: METRICS_HEADERS, method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  test.each([
    ["METRICS_TOKEN", { METRICS_TOKEN }, METRICS_HEADERS],
    ["ADMIN_TOKEN", { ADMIN_TOKEN: TEST_VARS.ADMIN_TOKEN }, ADMIN_HEADERS],
  ])("with %s alone, that one may read the metrics and the other may not", async (_, token, headers) => {
    const one = createIsolate({ METRICS_TOKEN: undefined, ADMIN_TOKEN: undefined, ...token });
    expect((await one.call("/metrics", { headers })).status).toBe(200);
    const other = headers === METRICS_HEADERS ? ADMIN_HEADERS : METRICS_HEADERS;
    expect((await one.call("/metrics", { headers: other })).status).toBe(401);
  });

  test("without either token there is no such path", async () => {
    const none = createIsolate({ ADMIN_TOKEN: undefined });
    for (const headers of [{}, METRICS_HEADERS, ADMIN_HEADERS]) {
      const response = await none.call("/metrics", { headers });
      expect([response.status, await response.json()]).toMatchObject([
        404,
        { error_type: "route_not_found" },
      ]);
    }
  });

  test.each([
    ["no credentials", {}, ""],
    ["a wrong token", { Authorization: "Bearer wrong" }, ', error="invalid_token"'],
    [
      "the token as Basic",
      { Authorization: `Basic ${btoa(`x:${METRICS_TOKEN}`)}` },
      ', error="invalid_token"',
    ],
    ["a token with more after it", { Authorization: `Bearer ${METRICS_TOKEN}x` }, ', error="invalid_token"'],
  ])("%s are refused with a challenge and without I/O", async (_, headers, error) => {
    const response = await isolate.call("/metrics", { headers: headers as Record<string, string> });
    expect(response.status).toBe(401);
    expect(response.headers.get("WWW-Authenticate")).toBe(`Bearer realm="postern"${error}`);
    expect(await response.json()).toMatchObject({ error_type: "invalid_metrics_token" });
    expect(isolate.counts.objects).toEqual({});
  });

  test("the metrics token opens nothing else", async () => {
    const response = await isolate.call("/admin/keys", { headers: METRICS_HEADERS });
    expect([response.status, await response.json()]).toMatchObject([
      401,
      { error_type: "invalid_admin_token" },
    ]);
  });

  test("a wrong token counts against its address", async () => {
    const limited = createIsolate({
      METRICS_TOKEN,
      FAILED_AUTH_LIMITER: { limit: async () => ({ success: false }) },
    });
    expect((await limited.call("/metrics")).status).toBe(429);
    expect((await limited.call("/metrics", { headers: METRICS_HEADERS })).status).toBe(200);
  });

  test("POST is 405, and a page of an allowed origin gets nothing", async () => {
    const post = await isolate.call("/metrics", { headers: METRICS_HEADERS, method: "POST" });
    expect([post.status, post.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
    const open = createIsolate({ METRICS_TOKEN, CORS_ORIGINS: "*" });
    const read = await open.call("/metrics", {
      headers: { ...METRICS_HEADERS, Origin: "https://a.example" },
    });
    expect(read.headers.get("Access-Control-Allow-Origin")).toBeNull();
  });

  test("a Directory that fails is 503, and the log says so", async () => {
    const without = createIsolate({
      METRICS_TOKEN,
      DIRECTORY: { getByName: () => ({ metrics: () => Promise.reject(new Error("gone")) }) },
    });
    const response = await without.call("/metrics", { headers: METRICS_HEADERS });
    expect([response.status, await response.json()]).toMatchObject([
      503,
      { error_type: "directory_unavailable" },
    ]);
    expect(logLines().at(-1)).toMatchObject({ route: "/metrics", degraded: ["directory"] });
  });
});

describe("form", () => {
  const PLAIN = "text/plain; version=0.0.4; charset=utf-8";
  const OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8";
  test.each([
    [undefined, PLAIN],
    ["*/*", PLAIN],
    ["text/html", PLAIN],
    ["text/plain;version=0.0.4", PLAIN],
    ["application/openmetrics-text", OPEN],
    ["Application/OpenMetrics-Text; Version=1.0.0", OPEN],
    ['application/openmetrics-text;version="1.0.0";charset=utf-8', OPEN],
    ["application/openmetrics-text;version=0.0.1", PLAIN],
    ["application/openmetrics-text;version=1.0.0;q=0", PLAIN],
    ["application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.3", PLAIN],
    ["text/plain,application/openmetrics-text", OPEN],
    // Prometheus 2.42, and 3 with OpenMetrics in front.
    [
      "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      OPEN,
    ],
    ["text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,*/*;q=0.1", PLAIN],
  ])("Accept: %s is answered as %s", async (accept, type) => {
    const headers = accept === undefined ? METRICS_HEADERS : { ...METRICS_HEADERS, Accept: accept };
    const response = await isolate.call("/metrics", { headers });
    expect(response.headers.get("Content-Type")).toBe(type);
    expect(response.headers.get("Vary")).toBe("Accept");
    expect((await response.text()).endsWith("\n# EOF\n")).toBe(type === OPEN);
  });

  test("every metric of the contract is there from the beginning, with its type and help", async () => {
    const families = parseFamilies(
      await (await isolate.call("/metrics", { headers: METRICS_HEADERS })).text(),
    );
    expect(families.map(({ name, type }) => [name, type])).toEqual([
      ["postern_http_requests_total", "COUNTER"],
      ["postern_cache_lookups_total", "COUNTER"],
      ["postern_upstream_requests_total", "COUNTER"],
      ["postern_upstream_request_duration_seconds", "HISTOGRAM"],
      ["postern_key_lease_duration_seconds", "HISTOGRAM"],
      ["postern_rate_limited_total", "COUNTER"],
      ["postern_failed_authentications_total", "COUNTER"],
      ["postern_purges_total", "COUNTER"],
      ["postern_degraded_total", "COUNTER"],
      ["postern_keys", "GAUGE"],
      ["postern_build_info", "GAUGE"],
    ]);
  });
});
