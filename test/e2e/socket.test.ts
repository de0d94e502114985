/** Over a real socket, as any HTTP client has it: raw targets, clients who leave, many at once. */
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type SandboxedPostern, startSandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { demo, organizations } from "../../sandbox/seed.ts";

let postern: SandboxedPostern;
let key: string;

beforeAll(async () => {
  postern = await startSandboxedPostern();
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
  `${postern.url}/v1/b2b/organizations/${organizations[index]?.organization_id}`;

/** One request with this target, not normalised by any client. */
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

test("1,000 callers of 10 cold organizations make 10 upstream calls", async () => {
  await postern.control("PUT", "latency", { ms: 500 });
  const calls = Array.from({ length: 1_000 }, async (_, i) => {
    const answer = await fetch(organizationAt(100 + (i % 10)), { headers: headers() });
    return [answer.status, await answer.text(), i % 10] as const;
  });
  const answers = await Promise.all(calls);
  expect(answers.map(([status]) => status)).toEqual(Array(1_000).fill(200));
  expect(new Set(answers.map(([, body]) => body)).size).toBe(10);
  for (const [, body, index] of answers) {
    expect(body).toContain(String(organizations[100 + index]?.organization_id));
  }
  expect(await postern.upstreamCalls()).toBe(10);
});

test("a caller who leaves does not take along the answer of those who wait with it", async () => {
  await postern.control("PUT", "latency", { ms: 300 });
  const leaving = new AbortController();
  const leader = fetch(organizationAt(12), { headers: headers(), signal: leaving.signal });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const follower = fetch(organizationAt(12), { headers: headers() });
  await new Promise((resolve) => setTimeout(resolve, 50));
  leaving.abort();
  await expect(leader).rejects.toThrow();
  const answer = await follower;
  expect(answer.status).toBe(200);
  expect(answer.headers.get("Cache-Status")).toBe("postern; fwd=miss; fwd-status=200; stored; collapsed");
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
])("the raw target %s is answered %i, and never leaves the known paths", async (target, status) => {
  expect((await raw(target)).status).toBe(status);
  // Whatever was sent upstream, it was one known path and one segment.
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
])("%s %s is answered %i, and sends nothing elsewhere", async (method, target, status) => {
  const answer = await raw(target, method);
  expect(answer.status).toBe(status);
  if (status === 405) expect(answer.text).toMatch(/^allow: GET, HEAD\r$/im);
  // What a request says is not repeated: it may hold a key.
  expect(answer.text).not.toContain(key);
});

test("32 KiB of headers are read, and nothing of them goes upstream", async () => {
  const filling = `X-Fill: ${"a".repeat(1_000)}`;
  const answer = await raw("/v1/b2b/organizations/acme", "GET", Array<string>(32).fill(filling));
  expect([200, 431]).toContain(answer.status);
  expect((await raw("/v1/b2b/organizations/acme")).status).toBe(200);
  const requests = await (await fetch(`${postern.sandboxUrl}/_sandbox/requests`)).text();
  expect(requests).not.toContain("aaaa");
});

test("a second Authorization header makes of two keys none", async () => {
  expect((await raw("/v1/b2b/organizations/acme", "GET", [`Authorization: Bearer ${key}`])).status).toBe(401);
});

test("HEAD is answered without a body", async () => {
  const { status, text } = await raw(`/v1/b2b/organizations/${demo.organization_slug}`, "HEAD");
  expect(status).toBe(200);
  expect(text.toLowerCase()).toContain("cache-status: postern");
  expect(text.split("\r\n\r\n")[1]).toBe("");
  // The sandbox sends these with every answer.
  expect(text).not.toMatch(/sandbox|set-cookie|x-stytch/i);
});

test("a 401 carries its two challenges, Bearer first", async () => {
  const answer = await fetch(organizationAt(0));
  expect(answer.headers.get("WWW-Authenticate")).toBe(
    'Bearer realm="postern", Basic realm="postern", charset="UTF-8"',
  );
});

test("a port where nobody listens is 503", async () => {
  const lonely = await startSandboxedPostern({ STYTCH_BASE_URL: "http://127.0.0.1:9" });
  try {
    const own = await lonely.createKey(["organizations:read"]);
    const answer = await fetch(`${lonely.url}/v1/b2b/organizations/acme`, {
      headers: { Authorization: `Bearer ${own}` },
    });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error_type: "upstream_unavailable" });
  } finally {
    await lonely.stop();
  }
});
