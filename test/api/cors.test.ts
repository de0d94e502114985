import { env as bindings } from "cloudflare:workers";
import { expect, test } from "vitest";
import { createIsolate } from "../support/deployment.ts";
import { organizationPath } from "../support/paths.ts";
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
