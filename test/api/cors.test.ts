import { env as bindings } from "cloudflare:workers";
import { expect, test } from "vitest";
import { createIsolate } from "../support/deployment.ts";
import { stubUpstream } from "../support/upstream.ts";

const PATH = "/v1/b2b/organizations/acme";
const PREFLIGHT = {
  method: "OPTIONS",
  headers: {
    Origin: "https://app.example",
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "authorization",
  },
};

test("without CORS_ORIGINS no page may read anything", async () => {
  const isolate = createIsolate();
  expect((await isolate.call(PATH, PREFLIGHT)).status).toBe(405);
  const answer = await isolate.call(PATH, { headers: { Origin: "https://app.example" } });
  expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
});

test("a preflight of a configured origin is answered without a key, and reaches nobody", async () => {
  const upstream = stubUpstream();
  const isolate = createIsolate({ CORS_ORIGINS: "https://app.example, https://other.example" });
  const answer = await isolate.call(PATH, PREFLIGHT);
  expect(answer.status).toBe(204);
  expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example");
  expect(answer.headers.get("Access-Control-Allow-Headers")).toContain("Authorization");
  expect(answer.headers.get("Access-Control-Allow-Methods")).toBe("GET,HEAD");
  expect(answer.headers.has("Access-Control-Allow-Credentials")).toBe(false);
  expect(upstream.requests).toHaveLength(0);
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
});

test("an answer to a configured origin exposes Postern's headers, a refusal too", async () => {
  const isolate = createIsolate({ CORS_ORIGINS: "https://app.example" });
  const answer = await isolate.call(PATH, { headers: { Origin: "https://app.example" } });
  expect(answer.status).toBe(401);
  expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example");
  for (const name of ["X-Request-Id", "Cache-Status", "RateLimit", "Retry-After", "ETag", "Age"]) {
    expect(answer.headers.get("Access-Control-Expose-Headers")?.split(",")).toContain(name);
  }
});

test("another origin is told nothing, and the admin API no origin at all", async () => {
  const isolate = createIsolate({ CORS_ORIGINS: "https://app.example" });
  const stranger = await isolate.call(PATH, { headers: { Origin: "https://evil.example" } });
  expect(stranger.headers.has("Access-Control-Allow-Origin")).toBe(false);
  const admin = await isolate.call("/admin/keys", PREFLIGHT);
  expect(admin.headers.has("Access-Control-Allow-Origin")).toBe(false);
  expect(admin.status).toBe(401);
});

test("* allows every origin", async () => {
  const isolate = createIsolate({ ...bindings, CORS_ORIGINS: "*" });
  const answer = await isolate.call(PATH, { headers: { Origin: "https://any.example" } });
  expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
});
