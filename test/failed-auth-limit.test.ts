/** Calls with bad credentials, by where they come from. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { clientNetwork } from "../src/platform/ip.ts";
import { organization, organizationEnvelope } from "./support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "./support/deployment.ts";
import { logLines } from "./support/guard.ts";
import { json, stubUpstream, type Upstream } from "./support/upstream.ts";
import { TEST_VARS } from "./support/vars.ts";

const org = organization();
const path = `/v1/b2b/organizations/${org["organization_id"]}`;
const MOST = 5;

let upstream: Upstream;
let counted: string[];
let edge: TestIsolate;

beforeEach(() => {
  upstream = stubUpstream(() => json(organizationEnvelope(org)));
  counted = [];
  edge = createIsolate({
    FAILED_AUTH_LIMITER: {
      limit: async ({ key }: RateLimitOptions) => {
        counted.push(key);
        return { success: counted.filter((one) => one === key).length <= MOST };
      },
    },
    STYTCH_WEBHOOK_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  });
});

const from = (address: string, headers: Record<string, string> = {}) => ({
  headers: { "CF-Connecting-IP": address, ...headers },
});
const flood = async (address = "203.0.113.1") => {
  for (let i = 0; i < MOST; i += 1) expect((await edge.call(path, from(address))).status).toBe(401);
};

test("too many calls without a key from one address are 429, which names no policy and reaches nobody", async () => {
  await flood();
  const answer = await edge.call(path, from("203.0.113.1"));
  expect(await answer.json()).toMatchObject({ status_code: 429, error_type: "too_many_requests" });
  expect(answer.headers.get("Retry-After")).toBe("60");
  for (const name of ["RateLimit", "RateLimit-Policy", "WWW-Authenticate"])
    expect(answer.headers.has(name)).toBe(false);
  expect(logLines().at(-1)).toMatchObject({ status: 429, error_type: "too_many_requests", key_id: null });
  expect(edge.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  expect(upstream.requests).toHaveLength(0);
  expect((await edge.call(path, from("203.0.113.2"))).status).toBe(401);
});

test("a genuine key from the same address is served, and not counted, however many bad calls come from there", async () => {
  const { key, keyId } = await createKey(edge, ["organizations:read"], {
    rate_limit: { limit: 100, period_seconds: 3_600 },
  });
  await flood();
  await flood("203.0.113.9");
  const before = counted.length;
  const answer = await edge.call(path, { key, ...from("203.0.113.1") });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("RateLimit")).toBe('"key";r=99;t=36');
  expect((await edge.call("/whoami", { key, ...from("203.0.113.1") })).status).toBe(200);
  // Past its end, but genuine.
  await edge.admin("DELETE", `/admin/keys/${keyId}`);
  expect((await createIsolate().call(path, { key, ...from("203.0.113.1") })).status).toBe(401);
  expect(counted).toHaveLength(before);
});

test.each<[string, string, Record<string, string>]>([
  ["no key", path, {}],
  ["a malformed key", path, { Authorization: "Bearer nonsense" }],
  ["a forged key", "/whoami", { Authorization: `Bearer pst_test_${"0".repeat(16)}_${"0".repeat(52)}` }],
  ["a malformed Basic credential", path, { Authorization: "Basic !" }],
  ["a wrong admin token", "/admin/keys", { Authorization: "Bearer wrong" }],
  ["no admin token", "/admin/keys", {}],
])("%s counts, and is refused in the end", async (_, target, headers) => {
  for (let i = 0; i < MOST; i += 1)
    expect((await edge.call(target, from("203.0.113.1", headers))).status).toBe(401);
  expect((await edge.call(target, from("203.0.113.1", headers))).status).toBe(429);
  const admin = from("203.0.113.1", { Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN}` });
  expect((await edge.call("/admin/keys", admin)).status).toBe(200);
});

test("a webhook that nobody signed counts as well", async () => {
  const answer = async () =>
    await edge.call("/webhooks/stytch", { method: "POST", body: "{}", ...from("203.0.113.1") });
  for (let i = 0; i < MOST; i += 1) expect((await answer()).status).toBe(401);
  expect((await answer()).status).toBe(429);
});

test("nothing else counts: no path that does not exist, no error of a genuine caller", async () => {
  const { key } = await createKey(edge, ["organizations:read"]);
  await edge.call("/nowhere", from("203.0.113.1"));
  await edge.call("/healthz", from("203.0.113.1"));
  await edge.call("/v1/b2b/organizations/%2F", { key, ...from("203.0.113.1") });
  await edge.call("/v1/b2b/organizations/members/dangerously_get/m", { key, ...from("203.0.113.1") });
  expect(counted).toEqual([]);
});

test("where Cloudflare does not count, calls are refused as they would be, and the log says so", async () => {
  const failing = createIsolate({
    FAILED_AUTH_LIMITER: { limit: () => Promise.reject(new Error("unreachable")) },
  });
  expect((await failing.call(path)).status).toBe(401);
  expect(logLines().at(-1)).toMatchObject({ status: 401, degraded: ["failed_auth_limiter"] });
});

test.each([
  ["203.0.113.1", "203.0.113.1"],
  ["::ffff:203.0.113.1", "203.0.113.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"],
  ["2001:db8:1:2::", "2001:db8:1:2::"],
  ["2001:db8:1:3::1", "2001:db8:1:3::"],
  ["fe80::1%eth0", ""],
  ["nonsense", ""],
  [null, ""],
])("a caller at %s counts as %s", (address, network) => {
  expect(clientNetwork(address)).toBe(network);
});

test("the binding of wrangler.toml counts each address by itself", async () => {
  const real = createIsolate({ FAILED_AUTH_LIMITER: env.FAILED_AUTH_LIMITER });
  const address = `2001:db8:${Math.floor(Math.random() * 65_536).toString(16)}::1`;
  const statuses: number[] = [];
  // The window may turn over while they come: 201 calls exceed it all the same.
  for (let i = 0; i < 201; i += 1) statuses.push((await real.call(path, from(address))).status);
  expect(statuses.slice(0, 50)).toEqual(Array(50).fill(401));
  expect(statuses).toContain(429);
});
