/** What an operator changes about a key, as a second isolate sees it, with the clock in hand. */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { json, stubUpstream } from "../support/upstream.ts";

const NOW = 1_800_000_000_000;
const org = organization();
const path = `/v1/b2b/organizations/${org["organization_id"]}`;

let operator: TestIsolate;
let edge: TestIsolate;
let key: string;
let keyId: string;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  stubUpstream(() => json(organizationEnvelope(org)));
  operator = createIsolate();
  edge = createIsolate();
  ({ key, keyId } = await createKey(operator, ["organizations:read"]));
  // The edge holds a lease of before the change, and no renewal comes in between.
  await edge.call(path, { key });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const at = (ms: number) => vi.setSystemTime(NOW + ms);
const patch = async (body: unknown) => await operator.admin("PATCH", `/admin/keys/${keyId}`, body);
const rotate = async (overlap_seconds: number) => {
  const answer = await operator.admin("POST", `/admin/keys/${keyId}/rotate`, { overlap_seconds });
  return await answer.json<{
    key: string;
    generation: number;
    previous_generation_valid_until: string | null;
  }>();
};
const statusOf = async (isolate: TestIsolate, presented: string) =>
  (await isolate.call(path, { key: presented })).status;

test.each<[string, Record<string, unknown>, number]>([
  ["scopes", { scopes: ["members:dangerously_get"] }, 403],
  ["organizations", { organization_ids: ["organization-test-00000000-0000-4000-8000-000000000000"] }, 404],
  ["addresses", { allowed_ips: ["203.0.113.0/24"] }, 403],
  ["its end", { expires_at: new Date(NOW - 1_000).toISOString() }, 401],
])("an edit of %s is in force in every isolate within LEASE_SECONDS", async (_, change, status) => {
  at(1);
  expect((await patch(change)).status).toBe(200);
  at(5_000);
  expect(await statusOf(edge, key)).toBe(status);
  expect(await statusOf(createIsolate(), key)).toBe(status);
});

test("an edit of fields is in force within LEASE_SECONDS, for what is cached too", async () => {
  await patch({ fields: { organization: ["organization_slug"] } });
  at(5_000);
  const body = await (await edge.call(path, { key })).json<{ organization: object }>();
  expect(body.organization).toEqual({ organization_slug: org["organization_slug"] });
});

test("a rotation without overlap ends the old key everywhere within LEASE_SECONDS", async () => {
  const after = await rotate(0);
  expect(after).toMatchObject({ generation: 2, previous_generation_valid_until: null });
  expect(await statusOf(createIsolate(), key)).toBe(401);
  expect(await statusOf(createIsolate(), after.key)).toBe(200);
  at(5_000);
  const answer = await edge.call(path, { key });
  expect(await answer.json()).toMatchObject({ error_type: "revoked_key" });
  expect(await statusOf(edge, after.key)).toBe(200);
});

test("a new key works at once, where an isolate holds a lease from before the rotation too", async () => {
  const after = await rotate(600);
  expect(await statusOf(edge, after.key)).toBe(200);
});

test("a new key is 503, never 401, where an isolate that knows the old one cannot reach the object", async () => {
  const after = await rotate(600);
  let fails = false;
  const failing = createIsolate({
    API_KEY: {
      getByName: (name: string) =>
        fails ? { lease: () => Promise.reject(new Error("unreachable")) } : env.API_KEY.getByName(name),
    },
  });
  await failing.call(path, { key });
  fails = true;
  const next = await rotate(600);
  const answer = await failing.call(path, { key: next.key });
  expect(await answer.json()).toMatchObject({ status_code: 503, error_type: "key_service_unavailable" });
  expect(await statusOf(failing, after.key)).toBe(200);
});

test("a clock that goes back does not keep a revoked key alive", async () => {
  at(-600_000);
  await operator.admin("DELETE", `/admin/keys/${keyId}`);
  expect(await statusOf(edge, key)).toBe(401);
  at(-599_000);
  expect(await statusOf(edge, key)).toBe(401);
});

test("with an overlap the old key works until it ends, and not a millisecond longer, inside a lease too", async () => {
  const after = await rotate(7);
  expect(after.previous_generation_valid_until).toBe(new Date(NOW + 7_000).toISOString());
  at(6_999);
  expect(await statusOf(edge, key)).toBe(200);
  at(7_000);
  expect(await statusOf(edge, key)).toBe(401);
  expect(await statusOf(edge, after.key)).toBe(200);
});

test("two rotations at once make two keys, and the overlap holds for both", async () => {
  const [one, two] = await Promise.all([rotate(60), rotate(60)]);
  expect(new Set([one?.generation, two?.generation])).toEqual(new Set([2, 3]));
  expect(one?.key).not.toBe(two?.key);
  for (const each of [key, one?.key, two?.key])
    expect(await statusOf(createIsolate(), String(each))).toBe(200);
});

test("an edit during a rotation loses neither", async () => {
  await Promise.all([rotate(60), patch({ name: "Renamed" }), rotate(60), patch({ allowed_ips: null })]);
  const record = await (await operator.admin("GET", `/admin/keys/${keyId}`)).json();
  expect(record).toMatchObject({ generation: 3, name: "Renamed" });
});

test("an object evicted between any two steps has lost nothing", async () => {
  const after = await rotate(60);
  await evictAllDurableObjects();
  await patch({ name: "Renamed" });
  await evictAllDurableObjects();
  expect(await statusOf(createIsolate(), key)).toBe(200);
  expect(await statusOf(createIsolate(), after.key)).toBe(200);
  await operator.admin("DELETE", `/admin/keys/${keyId}`);
  await evictAllDurableObjects();
  for (const each of [key, after.key]) expect(await statusOf(createIsolate(), each)).toBe(401);
});

test("what is revoked can be neither edited nor rotated back to life", async () => {
  await operator.admin("DELETE", `/admin/keys/${keyId}`);
  for (const answer of [
    await patch({ expires_at: null }),
    await operator.admin("POST", `/admin/keys/${keyId}/rotate`),
  ]) {
    expect(await answer.json()).toMatchObject({ status_code: 400, error_type: "invalid_request" });
  }
  expect(await statusOf(createIsolate(), key)).toBe(401);
});

test("a key of a generation that is to come is no key yet", async () => {
  const before = await rotate(60);
  expect(before.generation).toBe(2);
  const other = await createKey(operator, ["organizations:read"]);
  const grafted = before.key.replace(keyId, other.keyId);
  expect(await statusOf(createIsolate(), grafted)).toBe(401);
});

test("a key with addresses is refused without CF-Connecting-IP, whatever else the caller says", async () => {
  const { key: bound } = await createKey(operator, ["organizations:read"], {
    allowed_ips: ["203.0.113.0/24", "2001:db8::/32"],
  });
  const from = async (headers: Record<string, string>) => await edge.call(path, { key: bound, headers });
  for (const [address, status] of [
    ["203.0.113.9", 200],
    ["2001:db8::1", 200],
    ["::ffff:203.0.113.9", 200],
    ["198.51.100.1", 403],
  ] as const) {
    expect((await from({ "CF-Connecting-IP": address })).status).toBe(status);
  }
  for (const name of ["X-Forwarded-For", "X-Real-IP", "True-Client-IP", "Forwarded", "CF-Connecting-IPv6"]) {
    const answer = await from({ [name]: "203.0.113.9" });
    expect(await answer.json()).toMatchObject({ status_code: 403, error_type: "ip_not_allowed" });
    expect(answer.headers.has("WWW-Authenticate")).toBe(false);
  }
  expect((await edge.call("/whoami", { key: bound })).status).toBe(403);
});
