import { env as bindings } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { RequestContext } from "../../src/request-context.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import { setUpOrganization } from "../support/setup.ts";
import { stubUpstream } from "../support/upstream.ts";

const PATH = organizationPath("acme");
const PREFLIGHT = {
  method: "OPTIONS",
  headers: {
    Origin: "https://app.example",
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "authorization",
  },
};

test("without CORS_ORIGINS a response has no CORS header", async () => {
  const isolate = createIsolate();
  expect((await isolate.call(PATH, PREFLIGHT)).status).toBe(405);
  const response = await isolate.call(PATH, { headers: { Origin: "https://app.example" } });
  expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
});

test("a preflight of a configured origin needs no key and causes no call", async () => {
  const upstream = stubUpstream();
  const isolate = createIsolate({ CORS_ORIGINS: "https://app.example, https://other.example" });
  const response = await isolate.call(PATH, PREFLIGHT);
  expect(response.status).toBe(204);
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example");
  expect(response.headers.get("Access-Control-Allow-Headers")).toContain("Authorization");
  expect(response.headers.get("Access-Control-Allow-Methods")).toBe("GET,HEAD");
  expect(response.headers.has("Access-Control-Allow-Credentials")).toBe(false);
  expect(upstream.requests).toHaveLength(0);
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
});

test("a 401 to a configured origin exposes Postern's headers", async () => {
  const isolate = createIsolate({ CORS_ORIGINS: "https://app.example" });
  const response = await isolate.call(PATH, { headers: { Origin: "https://app.example" } });
  expect(response.status).toBe(401);
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example");
  for (const name of ["X-Request-Id", "Cache-Status", "RateLimit", "Retry-After", "ETag", "Age"]) {
    expect(response.headers.get("Access-Control-Expose-Headers")?.split(",")).toContain(name);
  }
});

test("a page may send a session, and reads why it is refused", async () => {
  const isolate = createIsolate({ CORS_ORIGINS: "https://app.example" });
  const preflight = await isolate.call("/whoami", PREFLIGHT);
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("Access-Control-Allow-Headers")).toContain("Authorization");
  for (const path of [PATH, `${PATH}/member?member_id=m`, "/whoami"]) {
    const response = await isolate.call(path, {
      key: "eyJa.b.c",
      headers: { Origin: "https://app.example" },
    });
    expect(await response.json()).toMatchObject({ error_type: "invalid_session" });
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example");
    expect(response.headers.get("Access-Control-Expose-Headers")).toContain("WWW-Authenticate");
    expect(response.headers.get("Vary")).toBe("Authorization, Origin");
  }
});

test("another origin gets no CORS header, and on the admin API no origin does", async () => {
  const isolate = createIsolate({ CORS_ORIGINS: "https://app.example" });
  const stranger = await isolate.call(PATH, { headers: { Origin: "https://evil.example" } });
  expect(stranger.headers.has("Access-Control-Allow-Origin")).toBe(false);
  const admin = await isolate.call("/admin/keys", PREFLIGHT);
  expect(admin.headers.has("Access-Control-Allow-Origin")).toBe(false);
  expect(admin.status).toBe(401);
});

test("CORS_ORIGINS=* allows every origin", async () => {
  const isolate = createIsolate({ ...bindings, CORS_ORIGINS: "*" });
  const response = await isolate.call(PATH, { headers: { Origin: "https://any.example" } });
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
});

test("an answer varies by Origin once, whoever asks, unless every origin is allowed", async () => {
  const varies = async (origins: string, headers: Record<string, string>, method = "GET") => {
    const isolate = createIsolate({ CORS_ORIGINS: origins });
    return (await isolate.call(PATH, { headers, method })).headers.get("Vary");
  };
  for (const headers of [{}, { Origin: "https://app.example" }, { Origin: "https://evil.example" }]) {
    expect(await varies("https://app.example", headers)).toBe("Authorization, Origin");
    expect(await varies("https://app.example", headers, "HEAD")).toBe("Authorization, Origin");
    expect(await varies("*", headers)).toBe("Authorization");
  }
});

test("a page of another origin is told no header that it may read", async () => {
  const isolate = createIsolate({ CORS_ORIGINS: "https://app.example" });
  const response = await isolate.call(PATH, { headers: { Origin: "https://app.example.evil.example" } });
  expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
});

test("CORS_ORIGINS=https://*.app.example allows one label and no other", async () => {
  const isolate = createIsolate({ CORS_ORIGINS: "https://*.app.example, https://other.example" });
  const allowed = async (origin: string) =>
    (await isolate.call(PATH, { headers: { Origin: origin } })).headers.get("Access-Control-Allow-Origin");
  for (const origin of [
    "https://a.app.example",
    "https://xn--bcher-kva.app.example",
    "https://other.example",
  ])
    expect(await allowed(origin)).toBe(origin);
  for (const origin of ["https://app.example", "https://a.b.app.example", "https://*.app.example", "null"])
    expect(await allowed(origin)).toBe(null);
});

test("a page of an allowed origin may see the timing of a read, and of nothing else", async () => {
  const timing = async (origins: string, path: string, headers: Record<string, string>, method = "GET") => {
    const isolate = createIsolate({ CORS_ORIGINS: origins });
    return (await isolate.call(path, { headers, method })).headers.get("Timing-Allow-Origin");
  };
  const page = { Origin: "https://a.app.example" };
  for (const path of [PATH, memberPath("m")]) {
    for (const method of ["GET", "HEAD"]) {
      expect(await timing("https://*.app.example", path, page, method)).toBe(page.Origin);
      expect(await timing("*", path, page, method)).toBe("*");
    }
    expect(await timing("https://*.app.example", path, { Origin: "https://evil.example" })).toBe(null);
    expect(await timing("https://*.app.example", path, {})).toBe(null);
    expect(await timing("", path, page)).toBe(null);
  }
  for (const path of ["/whoami", "/healthz", "/admin/keys"]) expect(await timing("*", path, page)).toBe(null);
});

test("a hit has the CORS headers of its own request, whoever asked before", async () => {
  const overrides = { CORS_ORIGINS: "https://*.app.example" };
  const { isolate, path } = await setUpOrganization({ overrides });
  const { key } = await createKey(isolate, ["organizations:read"]);
  await isolate.call(path, { key });
  const origins = ["https://a.app.example", "https://b.app.example", "https://evil.example", undefined];
  for (const origin of [...origins, ...origins.toReversed()]) {
    for (const ifNoneMatch of [{}, { "If-None-Match": "*" }]) {
      const headers = { ...(origin === undefined ? {} : { Origin: origin }), ...ifNoneMatch };
      const response = await isolate.call(path, { key, headers });
      expect(response.headers.get("Cache-Status")).toContain("; hit; ");
      const allowed = origin?.endsWith(".app.example") ? origin : null;
      expect(response.headers.get("Access-Control-Allow-Origin")).toBe(allowed);
      expect(response.headers.get("Timing-Allow-Origin")).toBe(allowed);
      expect(response.headers.has("Access-Control-Expose-Headers")).toBe(allowed !== null);
      expect(response.headers.get("Vary")).toBe("Authorization, Origin");
    }
  }
});

test("a page can read every answer: 200, 304, 400, 401, 404, 405, 429 and 500", async () => {
  const origin = "https://a.app.example";
  const overrides = { CORS_ORIGINS: "https://*.app.example" };
  const { isolate, path } = await setUpOrganization({ overrides });
  const { key } = await createKey(isolate, ["organizations:read"], {
    rate_limit: { limit: 4, period_seconds: 86_400 },
  });
  const unlimited = await createKey(isolate, ["organizations:read"]);
  const call = async (expected: number, options: Parameters<TestIsolate["call"]>[1], at = path) => {
    const response = await isolate.call(at, { ...options, headers: { Origin: origin, ...options?.headers } });
    expect(response.status).toBe(expected);
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe(origin);
    expect(response.headers.get("Timing-Allow-Origin")).toBe(origin);
    const exposed = response.headers.get("Access-Control-Expose-Headers")?.split(",") ?? [];
    for (const name of ["Allow", "Retry-After", "Server-Timing"]) expect(exposed).toContain(name);
    expect(response.headers.get("Vary")).toMatch(/(?:^|, )Origin$/);
  };
  await call(200, { key });
  await call(200, { key, method: "HEAD" });
  await call(304, { key, headers: { "If-None-Match": "*" } });
  await call(400, { key }, "/v1/b2b/organizations/%2F");
  await call(429, { key });
  await call(401, {});
  await call(405, { method: "POST" });
  await call(404, {}, "/v1/b2b/rbac/policies");
  vi.spyOn(RequestContext.prototype, "time").mockImplementation(() => {
    throw new RangeError("any");
  });
  await call(500, { key: unlimited.key });
  vi.restoreAllMocks();
});
