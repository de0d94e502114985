/** `OPTIONS`: preflights of pages, and requests that are none. */
import { expect, test } from "vitest";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import { stubUpstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";
import { SECRET } from "../support/webhook.ts";

const PATH = organizationPath("acme");
const PAGE = "https://app.example";
const vars = { CORS_ORIGINS: PAGE, STYTCH_WEBHOOK_SECRET: SECRET };

const preflight = async (isolate: TestIsolate, path: string, headers: Record<string, string> = {}) =>
  await isolate.call(path, {
    method: "OPTIONS",
    headers: { Origin: PAGE, "Access-Control-Request-Method": "GET", ...headers },
  });

const allowedHeaders = (response: Response) =>
  (response.headers.get("Access-Control-Allow-Headers") ?? "").split(",").map((name) => name.trim());

const corsHeadersOf = (response: Response) =>
  [...response.headers.keys()].filter((name) => name.startsWith("access-control"));

test.each([
  "authorization",
  "authorization,cache-control,content-type,pragma,traceparent,user-agent",
  "X-Anything , x-other",
  "x_a, x.b, !#$%&'*+.^`|~-",
])("a preflight allows every header that is asked for: %s", async (asked) => {
  const upstream = stubUpstream();
  const isolate = createIsolate(vars);
  const response = await preflight(isolate, PATH, { "Access-Control-Request-Headers": asked });
  expect(response.status).toBe(204);
  for (const name of asked.split(",")) expect(allowedHeaders(response)).toContain(name.trim());
  expect(response.headers.get("Access-Control-Max-Age")).toBe("7200");
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe(PAGE);
  expect(response.headers.get("Access-Control-Allow-Methods")).toBe("GET,HEAD");
  expect(response.headers.get("Vary")).toBe("Access-Control-Request-Headers, Origin");
  expect(upstream.requests).toHaveLength(0);
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
});

test.each([
  ["is empty", ""],
  ["is huge", `x-${"a".repeat(5_000)}`],
  ["is of many names", "x-a,".repeat(2_000)],
  ["holds what is no name", "x-a, <script>"],
  ["holds a quoted text", 'x-a, "x"'],
  ["holds an empty name", "x-a,,x-b"],
  ["holds a tab in a name", "x-a\tx-b"],
])("a list of asked headers that %s is not repeated, and still every header is allowed", async (_, asked) => {
  const response = await preflight(createIsolate(vars), PATH, { "Access-Control-Request-Headers": asked });
  expect(response.status).toBe(204);
  // `*` does not stand for Authorization (https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name).
  expect(allowedHeaders(response)).toEqual(["Authorization", "*"]);
});

test("a list of 4,096 characters of asked headers is repeated", async () => {
  const asked = `x-a, ${"a".repeat(4_091)}`;
  const response = await preflight(createIsolate(vars), PATH, { "Access-Control-Request-Headers": asked });
  expect(allowedHeaders(response)).toEqual(["Authorization", "*", "x-a", "a".repeat(4_091)]);
});

test.each(["/nowhere", "/v1/b2b/sessions/authenticate", "/", "/healthz", "/whoami", memberPath("m")])(
  "a preflight of %s is answered, so that the page can read the answer itself",
  async (path) => {
    const isolate = createIsolate(vars);
    for (const method of ["GET", "POST", "DELETE"]) {
      const response = await preflight(isolate, path, { "Access-Control-Request-Method": method });
      expect([response.status, response.headers.get("Access-Control-Allow-Origin")]).toEqual([204, PAGE]);
      expect(response.headers.get("Access-Control-Allow-Methods")).toBe("GET,HEAD");
    }
  },
);

test.each(["https://evil.example", "null", `${PAGE}, https://evil.example`, "https://a.app.example"])(
  "a preflight of the origin %s is told nothing",
  async (origin) => {
    const response = await preflight(createIsolate(vars), PATH, { Origin: origin });
    expect([response.status, response.headers.get("Vary")]).toEqual([204, "Origin"]);
    expect(corsHeadersOf(response)).toEqual([]);
  },
);

test("a preflight may not reach a private network", async () => {
  const response = await preflight(createIsolate(vars), PATH, {
    "Access-Control-Request-Private-Network": "true",
  });
  expect(response.status).toBe(204);
  expect(response.headers.has("Access-Control-Allow-Private-Network")).toBe(false);
});

test.each(["/admin/keys", "/webhooks/stytch", "/admin", "/webhooks/"])(
  "a preflight of %s is told nothing, from any origin",
  async (path) => {
    for (const CORS_ORIGINS of [PAGE, "*"]) {
      const response = await preflight(createIsolate({ ...vars, CORS_ORIGINS }), path);
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(corsHeadersOf(response)).toEqual([]);
    }
  },
);

test.each([
  [PATH, "GET, HEAD"],
  [memberPath("m"), "GET, HEAD"],
  [`/v1/b2b/sessions/jwks/${TEST_VARS.STYTCH_PROJECT_ID}`, "GET, HEAD"],
  ["/whoami", "GET, HEAD"],
  ["/healthz", "GET, HEAD"],
  ["/admin/keys", "GET, HEAD, POST"],
  ["/admin/keys/0123456789abcdef", "GET, HEAD, PATCH, DELETE"],
  ["/admin/cache/purge", "POST"],
  ["/webhooks/stytch", "POST"],
  ["/", null],
  ["/nowhere", null],
  ["/admin", null],
  ["/admin/nowhere", null],
  ["/webhooks/other", null],
])("an OPTIONS of %s that is no preflight is refused with Allow: %s", async (path, allow) => {
  for (const CORS_ORIGINS of ["", PAGE, "https://*.app.example", "*"]) {
    const isolate = createIsolate({ ...vars, CORS_ORIGINS });
    for (const headers of [
      {},
      { Origin: PAGE },
      { "Access-Control-Request-Method": "GET" },
      { Origin: "", "Access-Control-Request-Method": "GET" },
      { Origin: PAGE, "Access-Control-Request-Headers": "authorization" },
    ]) {
      const response = await isolate.call(path, { method: "OPTIONS", headers });
      expect([response.status, response.headers.get("Allow")]).toEqual([allow === null ? 404 : 405, allow]);
      expect(await response.json()).toMatchObject({
        error_type: allow === null ? "route_not_found" : "method_not_allowed",
      });
      expect(response.headers.has("Access-Control-Max-Age")).toBe(false);
    }
    expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  }
});

test("without CORS_ORIGINS a preflight is refused like any OPTIONS", async () => {
  const isolate = createIsolate();
  const known = await preflight(isolate, PATH);
  expect([known.status, known.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
  expect((await preflight(isolate, "/nowhere")).status).toBe(404);
  expect([...corsHeadersOf(known), known.headers.get("Vary")]).toEqual(["Authorization"]);
});

test("a page can ask for and read that the deployment is misconfigured", async () => {
  const isolate = createIsolate({ CORS_ORIGINS: "https://*.app.example", STYTCH_SECRET: "" });
  const origin = "https://a.app.example";
  const asked = await preflight(isolate, PATH, { Origin: origin });
  expect([asked.status, asked.headers.get("Access-Control-Allow-Origin")]).toEqual([204, origin]);
  for (const [path, status] of [
    [PATH, 500],
    ["/healthz", 503],
    ["/nowhere", 500],
  ] as const) {
    for (const method of ["GET", "HEAD"]) {
      const response = await isolate.call(path, { method, headers: { Origin: origin } });
      expect([response.status, response.headers.get("Access-Control-Allow-Origin")]).toEqual([
        status,
        origin,
      ]);
      expect(response.headers.get("Access-Control-Expose-Headers")).toContain("X-Request-Id");
      expect(response.headers.get("Vary")).toBe("Origin");
    }
  }
  expect(logLines()).toHaveLength(7);
  expect(logLines().map((line) => line["problems"])).toEqual(Array(7).fill({ STYTCH_SECRET: "missing" }));
  expect(logLines()[0]).toMatchObject({ status: 204, error_type: null });
});

test.each([
  ["another origin", { CORS_ORIGINS: PAGE }, PATH],
  ["any page, if CORS_ORIGINS is wrong itself", { CORS_ORIGINS: "https://evil.example, x" }, PATH],
  ["any page, if CORS_ORIGINS is not set", { CORS_ORIGINS: "" }, PATH],
  ["a page that asks for an operator's path", { CORS_ORIGINS: "*" }, "/admin/keys"],
])("a misconfigured deployment answers %s without CORS", async (_, overrides, path) => {
  const isolate = createIsolate({ ...overrides, KEY_SECRET: "short" });
  const headers = { Origin: "https://evil.example" };
  const response = await isolate.call(path, { headers });
  expect([response.status, corsHeadersOf(response)]).toEqual([500, []]);
  const asked = await preflight(isolate, path, headers);
  expect(corsHeadersOf(asked)).toEqual([]);
});

test("an OPTIONS that is no preflight is misconfigured like any request", async () => {
  const isolate = createIsolate({ CORS_ORIGINS: "*", KEY_SECRET: "short" });
  const response = await isolate.call(PATH, { method: "OPTIONS" });
  expect(await response.json()).toMatchObject({ status_code: 500, error_type: "misconfigured" });
});
