/** The limit of calls with failed authentication, counted by client network. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { clientNetwork } from "../src/platform/ip.ts";
import { organization, organizationEnvelope } from "./support/bodies.ts";
import { useClock } from "./support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "./support/deployment.ts";
import { logLines } from "./support/egress.ts";
import { organizationPath } from "./support/paths.ts";
import { json, stubUpstream, type Upstream } from "./support/upstream.ts";
import { TEST_VARS } from "./support/vars.ts";

const org = organization();
const path = organizationPath(org);
/** The limit of the fake limiter. */
const LIMIT = 5;

useClock();

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
        return { success: counted.filter((one) => one === key).length <= LIMIT };
      },
    },
    STYTCH_WEBHOOK_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  });
});

/** Options of a call from this address. */
const from = (address: string, headers: Record<string, string> = {}) => ({
  headers: { "CF-Connecting-IP": address, ...headers },
});
/** As many calls without a key as the limit allows. */
const exhaust = async (address = "203.0.113.1") => {
  for (let i = 0; i < LIMIT; i += 1) expect((await edge.call(path, from(address))).status).toBe(401);
};

test("too many calls without a key from one address are 429 and cost no I/O", async () => {
  await exhaust();
  const response = await edge.call(path, from("203.0.113.1"));
  expect(await response.json()).toMatchObject({ status_code: 429, error_type: "too_many_requests" });
  expect(response.headers.get("Retry-After")).toBe("60");
  for (const name of ["RateLimit", "RateLimit-Policy", "WWW-Authenticate"])
    expect(response.headers.has(name)).toBe(false);
  expect(logLines().at(-1)).toMatchObject({ status: 429, error_type: "too_many_requests", key_id: null });
  expect(edge.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  expect(upstream.requests).toHaveLength(0);
  expect((await edge.call(path, from("203.0.113.2"))).status).toBe(401);
});

test("an authentic key is served and not counted, whatever else its address sends", async () => {
  const { key, keyId } = await createKey(edge, ["organizations:read"], {
    rate_limit: { limit: 100, period_seconds: 3_600 },
  });
  await exhaust();
  await exhaust("203.0.113.9");
  const before = counted.length;
  const response = await edge.call(path, { key, ...from("203.0.113.1") });
  expect(response.status).toBe(200);
  expect(response.headers.get("RateLimit")).toBe('"key";r=99;t=36');
  expect((await edge.call("/whoami", { key, ...from("203.0.113.1") })).status).toBe(200);
  // Revoked, but authentic.
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
])("a call with %s counts as failed authentication", async (_, target, headers) => {
  for (let i = 0; i < LIMIT; i += 1)
    expect((await edge.call(target, from("203.0.113.1", headers))).status).toBe(401);
  expect((await edge.call(target, from("203.0.113.1", headers))).status).toBe(429);
  const admin = from("203.0.113.1", { Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN}` });
  expect((await edge.call("/admin/keys", admin)).status).toBe(200);
});

test("an unsigned webhook counts as failed authentication", async () => {
  const response = async () =>
    await edge.call("/webhooks/stytch", { method: "POST", body: "{}", ...from("203.0.113.1") });
  for (let i = 0; i < LIMIT; i += 1) expect((await response()).status).toBe(401);
  expect((await response()).status).toBe(429);
});

test("an unknown path and an error of an authentic caller are not counted", async () => {
  const { key } = await createKey(edge, ["organizations:read"]);
  await edge.call("/nowhere", from("203.0.113.1"));
  await edge.call("/healthz", from("203.0.113.1"));
  await edge.call("/v1/b2b/organizations/%2F", { key, ...from("203.0.113.1") });
  await edge.call("/v1/b2b/organizations/members/dangerously_get/m", { key, ...from("203.0.113.1") });
  expect(counted).toEqual([]);
});

test("calls are answered as usual if the limiter fails, and the log says so", async () => {
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
])("a client at %s is counted as the network %j", (address, network) => {
  expect(clientNetwork(address)).toBe(network);
});

test("the limiter of wrangler.toml admits 50 calls of an address, and not 201", async () => {
  const real = createIsolate({ FAILED_AUTH_LIMITER: env.FAILED_AUTH_LIMITER });
  const address = `2001:db8:${Math.floor(Math.random() * 65_536).toString(16)}::1`;
  const statuses: number[] = [];
  // A new window may begin meanwhile: 201 calls exceed the limit even so.
  for (let i = 0; i < 201; i += 1) statuses.push((await real.call(path, from(address))).status);
  expect(statuses.slice(0, 50)).toEqual(Array(50).fill(401));
  expect(statuses).toContain(429);
});
