/** Postern over a raw socket: request targets that no client normalises, callers who leave, many callers at once. */
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type SandboxedPostern, startSandboxedPosterns } from "../../dev/sandboxed-postern.ts";
import { demo, organizations } from "../../sandbox/seed.ts";
import { organizationPath } from "../support/paths.ts";

let postern: SandboxedPostern;
/** Nothing listens where its Stytch should be. */
let withoutUpstream: SandboxedPostern;
let key: string;

beforeAll(async () => {
  // A busy machine takes seconds to let 1,000 callers in.
  ({ postern, withoutUpstream } = await startSandboxedPosterns({
    postern: { UPSTREAM_TIMEOUT_MS: "30000" },
    withoutUpstream: { STYTCH_BASE_URL: "http://127.0.0.1:9" },
  }));
  key = await postern.createKey(["organizations:read", "members:dangerously_get"]);
});
afterAll(async () => await postern.stop());
beforeEach(async () => {
  await postern.control("DELETE", "faults");
  await postern.control("PUT", "latency", { ms: 0 });
  await postern.upstreamCalls();
});

const headers = () => ({ Authorization: `Bearer ${key}` });
const organizationAt = (index: number) =>
  postern.url + organizationPath(String(organizations[index]?.organization_id));

/** Sends one request with exactly this target. */
async function raw(
  target: string,
  method = "GET",
  more: readonly string[] = [],
): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(postern.url);
  return await new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = "";
    socket.setEncoding("utf8").on("data", (data: string) => {
      text += data;
    });
    socket.on("end", () => resolve({ status: Number(text.split(" ")[1]), text }));
    socket.on("error", reject);
    const lines = [
      `${method} ${target} HTTP/1.1`,
      `Host: ${hostname}`,
      `Authorization: Bearer ${key}`,
      ...more,
    ];
    socket.write(`${[...lines, "Connection: close", "", ""].join("\r\n")}`);
  });
}

test("1,000 callers of 10 cold organizations over sockets make 10 upstream calls", async () => {
  await postern.control("PUT", "latency", { ms: 500 });
  const calls = Array.from({ length: 1_000 }, async (_, i) => {
    const response = await fetch(organizationAt(100 + (i % 10)), { headers: headers() });
    return [response.status, await response.text(), i % 10] as const;
  });
  const responses = await Promise.all(calls);
  expect(responses.map(([status]) => status)).toEqual(Array(1_000).fill(200));
  expect(new Set(responses.map(([, body]) => body)).size).toBe(10);
  for (const [, body, index] of responses) {
    expect(body).toContain(String(organizations[100 + index]?.organization_id));
  }
  expect(await postern.upstreamCalls()).toBe(10);
});

test("a caller who disconnects does not cancel the request that others wait for", async () => {
  // Longer than a busy machine takes to let the follower in.
  await postern.control("PUT", "latency", { ms: 1_500 });
  const leaving = new AbortController();
  const leader = fetch(organizationAt(12), { headers: headers(), signal: leaving.signal });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const follower = fetch(organizationAt(12), { headers: headers() });
  await new Promise((resolve) => setTimeout(resolve, 50));
  leaving.abort();
  await expect(leader).rejects.toThrow();
  const response = await follower;
  expect(response.status).toBe(200);
  expect(response.headers.get("Cache-Status")).toBe("postern; fwd=miss; fwd-status=200; stored; collapsed");
  expect(await postern.upstreamCalls()).toBe(1);
});

test.each([
  ["/v1/b2b/organizations/acme", 200],
  ["//v1/b2b/organizations/acme", 200],
  ["/v1/b2b/organizations/%61cme", 200],
  ["/v1/b2b/organizations/crm|1001", 200],
  ["/v1/b2b/organizations/crm%7C1001", 200],
  ["/v1/b2b/organizations/../organizations/acme", 200],
  ["/v1/b2b/organizations/..", 404],
  ["/v1/b2b/organizations/%2e%2e", 404],
  ["/v1/b2b/organizations/%252e%252e", 400],
  ["/v1/b2b/organizations/..%2f..%2fadmin", 400],
  ["/v1/b2b/organizations/a%2Fmembers", 400],
  ["/v1/b2b/organizations/%ff", 400],
  ["/v1/b2b/organizations/%00", 400],
  ["/v1/b2b/organizations/acme%23x", 400],
  ["/v1/b2b/organizations/acme%3Fx=1", 400],
  [`/v1/b2b/organizations/${"a".repeat(257)}`, 400],
])("the raw target %s is answered %i, and forwarded to a known path at most", async (target, status) => {
  expect((await raw(target)).status).toBe(status);
  // A request upstream has the known path and one more segment.
  const seen = (await (await fetch(`${postern.sandboxUrl}/_sandbox/requests`)).json()) as {
    requests: { path: string; search: string }[];
  };
  for (const { path, search } of seen.requests) {
    expect(path).toMatch(/^\/v1\/b2b\/organizations\/[^/]+$/);
    expect(search).toBe("");
  }
});

test.each([
  ["TRACE", "/v1/b2b/organizations/acme", 405],
  ["OPTIONS", "/v1/b2b/organizations/acme", 405],
  ["DELETE", "/v1/b2b/organizations/acme", 405],
  ["PROPFIND", "/v1/b2b/organizations/acme", 405],
  ["TRACE", "/nowhere", 404],
  ["GET", "http://elsewhere.test/v1/b2b/organizations/acme", 200],
  ["GET", "http://elsewhere.test//v1/b2b/organizations/acme", 200],
  ["GET", "http://elsewhere.test/admin/keys", 401],
  ["GET", "///v1/b2b/organizations/acme", 200],
  ["GET", "/v1/b2b//organizations/acme", 404],
])("%s %s is answered %i, without a call to another host", async (method, target, status) => {
  const response = await raw(target, method);
  expect(response.status).toBe(status);
  if (status === 405) expect(response.text).toMatch(/^allow: GET, HEAD\r$/im);
  // A response does not repeat the request, which contains a key.
  expect(response.text).not.toContain(key);
});

test("32 KiB of headers are accepted or refused with 431, and not forwarded", async () => {
  const filling = `X-Fill: ${"a".repeat(1_000)}`;
  const response = await raw("/v1/b2b/organizations/acme", "GET", Array<string>(32).fill(filling));
  expect([200, 431]).toContain(response.status);
  expect((await raw("/v1/b2b/organizations/acme")).status).toBe(200);
  const requests = await (await fetch(`${postern.sandboxUrl}/_sandbox/requests`)).text();
  expect(requests).not.toContain("aaaa");
});

test("a request with two Authorization headers is answered 401", async () => {
  expect((await raw("/v1/b2b/organizations/acme", "GET", [`Authorization: Bearer ${key}`])).status).toBe(401);
});

test("HEAD over a socket is answered without a body", async () => {
  const { status, text } = await raw(`/v1/b2b/organizations/${demo.organization_slug}`, "HEAD");
  expect(status).toBe(200);
  expect(text.toLowerCase()).toContain("cache-status: postern");
  expect(text.split("\r\n\r\n")[1]).toBe("");
  // The sandbox sends these headers with every response.
  expect(text).not.toMatch(/sandbox|set-cookie|x-stytch/i);
});

test("a 401 has two challenges, Bearer first", async () => {
  const response = await fetch(organizationAt(0));
  expect(response.headers.get("WWW-Authenticate")).toBe(
    'Bearer realm="postern", Basic realm="postern", charset="UTF-8"',
  );
});

test("a closed upstream port is answered 503", async () => {
  // The other deployment keeps an entry, which must not answer here.
  expect((await raw("/v1/b2b/organizations/acme")).status).toBe(200);
  const own = await withoutUpstream.createKey(["organizations:read"]);
  const response = await fetch(`${withoutUpstream.url}/v1/b2b/organizations/acme`, {
    headers: { Authorization: `Bearer ${own}` },
  });
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ error_type: "upstream_unavailable" });
});
