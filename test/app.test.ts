/** The log line of a request, and requests to a misconfigured or defective Worker. */
import { expect, test, vi } from "vitest";
import { RequestContext } from "../src/request-context.ts";
import type { Json } from "./support/bodies.ts";
import { useClock } from "./support/clock.ts";
import { createIsolate, createKey } from "./support/deployment.ts";
import { logLines } from "./support/egress.ts";
import { organizationPath } from "./support/paths.ts";
import { setUpOrganization } from "./support/setup.ts";
import { createStytchWorld, pathInWorld } from "./support/stytch-world.ts";
import { stubUpstream, stytchError } from "./support/upstream.ts";
import { TEST_VARS } from "./support/vars.ts";

const clock = useClock();

test("a bad configuration makes every request 500, and only the log names variables", async () => {
  const isolate = createIsolate({
    STYTCH_SECRET: "",
    CACHE_FRESH_SECONDS: "0",
    KEY_SECRET: "canary-too-short",
  });
  for (const path of ["/", "/v1/b2b/organizations/acme", "/admin/keys", "/nonsense"]) {
    const response = await isolate.call(path, { key: "x" });
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({ status_code: 500, error_type: "misconfigured" });
    expect(body).not.toContain("STYTCH_SECRET");
  }
  const health = await isolate.call("/healthz");
  expect(await health.json()).toMatchObject({ status_code: 503, error_type: "misconfigured" });
  expect(logLines()).toHaveLength(5);
  for (const line of logLines()) {
    expect(line).toMatchObject({
      error_type: "misconfigured",
      problems: {
        STYTCH_SECRET: "missing",
        CACHE_FRESH_SECONDS: "must be a whole number from 1 to 3600",
        KEY_SECRET: "must have at least 32 characters",
      },
    });
  }
  expect(JSON.stringify(logLines())).not.toContain("canary-too-short");
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
});

test("a defect is 500 without its message, and the log has its place alone", async () => {
  vi.spyOn(crypto, "getRandomValues").mockImplementation(() => {
    throw new RangeError(`canary ${TEST_VARS.KEY_SECRET}`);
  });
  const response = await createIsolate().admin("POST", "/admin/keys", {
    name: "a",
    scopes: ["organizations:read"],
  });
  vi.restoreAllMocks();
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({
    status_code: 500,
    request_id: response.headers.get("X-Request-Id"),
    error_type: "internal_error",
    error_message: "Oops, something seems to have gone wrong.",
    error_url: "https://postern.test/docs/errors#internal_error",
  });
  expect(logLines()).toHaveLength(1);
  expect(logLines()[0]).toMatchObject({ status: 500, defect: expect.stringMatching(/^RangeError at /) });
  expect(JSON.stringify(logLines())).not.toContain("canary");
});

test("a thrown value that is no Error is a defect too", async () => {
  vi.spyOn(crypto, "getRandomValues").mockImplementation(() => {
    throw "canary";
  });
  const response = await createIsolate().admin("POST", "/admin/keys", {
    name: "a",
    scopes: ["organizations:read"],
  });
  vi.restoreAllMocks();
  expect(await response.json()).toMatchObject({ status_code: 500, error_type: "internal_error" });
  expect(logLines()).toHaveLength(1);
});

test("a request has one log line with exactly the documented fields", async () => {
  const { isolate, key, keyId, path } = await setUpOrganization();
  const before = logLines().length;
  const response = await isolate.call(path, { key });
  expect(logLines().slice(before)).toEqual([
    {
      at: new Date().toISOString(),
      request_id: response.headers.get("X-Request-Id"),
      method: "GET",
      route: "/v1/b2b/organizations/{organization_id}",
      status: 200,
      error_type: null,
      key_id: keyId,
      cache: "postern; fwd=miss; fwd-status=200; stored",
      duration_ms: expect.any(Number),
      upstream: {
        status: 200,
        request_id: expect.stringMatching(/^request-id-test-/),
        attempts: 1,
        duration_ms: expect.any(Number),
      },
    },
  ]);
});

test("a log line with two calls of Stytch counts the attempts and time of both", async () => {
  const world = createStytchWorld();
  const isolate = createIsolate();
  const { key } = await createKey(isolate, ["organizations:metrics"]);
  let requests = 0;
  let lastId: unknown;
  world.upstream.answer(async ({ url }) => {
    requests += 1;
    clock.advanceMs(requests * 100);
    if (requests === 1) return stytchError(503, "x");
    const answer = world.respond(url);
    lastId = (await answer.clone().json<Json>())["request_id"];
    return answer;
  });
  const path = pathInWorld(world, "/v1/b2b/organizations/:organization_id/metrics", {
    organization: world.slug,
  });
  expect((await isolate.call(path, { key })).status).toBe(200);
  expect(requests).toBe(3);
  const calls = { status: 200, request_id: lastId, attempts: 3, duration_ms: 600 };
  expect(logLines().at(-1)).toMatchObject({ status: 200, upstream: calls });
});

test("a remembered 404 is logged as one, and its answer does not say so", async () => {
  const upstream = stubUpstream();
  const isolate = createIsolate({ LOG_HIT_SAMPLE_RATE: "0" });
  const { key } = await createKey(isolate);
  const bound = await createKey(isolate, ["organizations:read"], {
    organization_ids: ["organization-test-11111111-1111-4111-8111-111111111111"],
  });
  const path = organizationPath(`organization-test-${crypto.randomUUID()}`);
  const read = async (by: string) => {
    const response = await isolate.call(path, { key: by });
    expect([response.status, response.headers.get("Cache-Status")]).toEqual([404, null]);
    return logLines().at(-1);
  };
  expect(await read(key)).toMatchObject({ cache: null, upstream: { status: 404 } });
  expect(await read(key)).toMatchObject({ cache: "postern; hit; detail=negative", upstream: null });
  // A bound key has a negative cache of its own.
  expect(await read(bound.key)).toMatchObject({ cache: null, upstream: { status: 404 } });
  expect(await read(bound.key)).toMatchObject({ cache: "postern; hit; detail=negative", upstream: null });
  expect(upstream.requests).toHaveLength(2);
});

test("LOG_HIT_SAMPLE_RATE samples the log lines of hits, and of nothing else", async () => {
  const { isolate, key, path } = await setUpOrganization({ overrides: { LOG_HIT_SAMPLE_RATE: "0" } });
  const statuses = async () => {
    const before = logLines().length;
    for (const options of [{ key }, { key }, { key, headers: { "If-None-Match": "*" } }, {}]) {
      await isolate.call(path, options);
    }
    return logLines()
      .slice(before)
      .map((line) => line["status"]);
  };
  expect(await statuses()).toEqual([200, 401]);
  expect(await statuses()).toEqual([401]);
});

test.each([
  ["POST", "/v1/b2b/organizations/acme", "/v1/b2b/organizations/{organization_id}", "Authorization"],
  ["DELETE", "/whoami", "/whoami", "Authorization"],
  ["POST", "/healthz", "/healthz", null],
  ["PUT", "/admin/keys", "/admin/keys", null],
  ["PUT", "/admin/keys/0123456789abcdef", "/admin/keys/{key_id}", null],
  ["GET", "/admin/keys/a/b", null, null],
  ["GET", "/v1/b2b/organizations", null, null],
])("%s %s is logged as the route %s", async (method, path, route, vary) => {
  for (const origins of ["", "https://app.example"]) {
    const isolate = createIsolate({ CORS_ORIGINS: origins });
    const isPublic = !path.startsWith("/admin");
    const response = await isolate.call(path, {
      method,
      headers: { Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN}` },
    });
    expect(logLines().at(-1)).toMatchObject({ route, status: response.status });
    const varies = [vary, isPublic && origins !== "" ? "Origin" : null].filter((one) => one !== null);
    expect(response.headers.get("Vary")).toBe(varies.length === 0 ? null : varies.join(", "));
  }
});

test.each(["/v1/b2b/organizations/acme", "/admin/keys"])(
  "a preflight of %s is logged as its route",
  async (path) => {
    const isolate = createIsolate({ CORS_ORIGINS: "https://app.example" });
    await isolate.call(path, {
      method: "OPTIONS",
      headers: {
        Origin: "https://app.example",
        "Access-Control-Request-Method": "GET",
        Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN}`,
      },
    });
    expect(logLines().at(-1)?.["route"]).toBe(path.replace("acme", "{organization_id}"));
  },
);

test("the failure of a defect in a read varies by Authorization, and has no body for HEAD", async () => {
  for (const thrown of [new RangeError("canary"), "canary"]) {
    for (const method of ["GET", "HEAD"]) {
      const isolate = createIsolate();
      const { key } = await createKey(isolate);
      const timing = vi.spyOn(RequestContext.prototype, "time").mockImplementation(() => {
        throw thrown;
      });
      const response = await isolate.call("/v1/b2b/organizations/acme", { key, method });
      timing.mockRestore();
      expect([response.status, response.headers.get("Vary")]).toEqual([500, "Authorization"]);
      expect((await response.text()) === "").toBe(method === "HEAD");
    }
  }
});
