/** The Organization object: what is stored, and what it costs if KV, a canonical object or the object itself fails. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { Organization } from "../../../src/cache/object/organization.ts";
import { type Json, organization, organizationEnvelope } from "../../support/bodies.ts";
import { statusOf } from "../../support/cached.ts";
import { createIsolate, createKey, type TestIsolate } from "../../support/deployment.ts";
import { logLines } from "../../support/egress.ts";
import { skipRetryDelays } from "../../support/failing-upstream.ts";
import { organizationPath } from "../../support/paths.ts";
import { deferred, json, stubUpstream, stytchError, type Upstream } from "../../support/upstream.ts";
import { TEST_VARS } from "../../support/vars.ts";

let isolate: TestIsolate;
let key: string;
let org: Json;
let upstream: Upstream;
let byId: string;
let bySlug: string;

beforeEach(async () => {
  isolate = createIsolate();
  ({ key } = await createKey(isolate, ["organizations:read"]));
  org = organization();
  upstream = stubUpstream(() => json(organizationEnvelope(org)));
  byId = organizationPath(org);
  bySlug = organizationPath(String(org["organization_slug"]));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test.each(["store", "current"] as const)(
  "a canonical object whose %s hangs costs half a second, and no answer",
  async (method) => {
    await isolate.call(bySlug, { key });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
    ({ key } = await createKey(isolate, ["organizations:read"]));
    const hang = deferred<null>();
    // Whatever hangs longer than the test holds up the next eviction.
    onTestFinished(() => hang.resolve(null));
    vi.spyOn(Organization.prototype, method).mockImplementation((async () => await hang.promise) as never);
    const began = performance.now();
    const answer = await createIsolate().call(bySlug, { key });
    expect(answer.status).toBe(200);
    expect(performance.now() - began).toBeLessThan(1_900);
  },
);

test("Organization objects are placed near the upstream", async () => {
  const placed: unknown[] = [];
  const getByName = (name: string, options: unknown) => {
    placed.push([name, options]);
    return env.ORGANIZATION.getByName(name);
  };
  await createIsolate({ ORGANIZATION: { getByName }, UPSTREAM_REGION: "weur" }).call(byId, { key });
  expect(placed).toEqual([[org["organization_id"], { locationHint: "weur" }]]);
});

test("another project finds no entry of this one in the same KV", async () => {
  await isolate.call(byId, { key });
  const { keys } = await env.ORGANIZATIONS.list();
  expect(keys.length).toBeGreaterThan(0);
  expect(keys.every(({ name }) => name.startsWith(`organization:${TEST_VARS.STYTCH_PROJECT_ID}:`))).toBe(
    true,
  );
});

test("an identifier in another case is answered, but not cached", async () => {
  const odd = String(org["organization_slug"]).toUpperCase();
  for (const _ of [1, 2]) {
    expect((await createIsolate().call(organizationPath(String(odd)), { key })).status).toBe(200);
  }
  expect(upstream.requests).toHaveLength(2);
  expect(await env.ORGANIZATIONS.get(`organization:${TEST_VARS.STYTCH_PROJECT_ID}:${odd}`)).toBeNull();
});

test("KV gets the body under the ID, and nothing for a 404", async () => {
  await isolate.call(byId, { key });
  const { value, metadata } = await env.ORGANIZATIONS.getWithMetadata(
    `organization:${TEST_VARS.STYTCH_PROJECT_ID}:${org["organization_id"]}`,
  );
  expect(JSON.parse(String(value))).toMatchObject({ organization: org });
  expect(JSON.stringify(metadata).length).toBeLessThanOrEqual(1_024);
  const missing = `organization-test-${crypto.randomUUID()}`;
  upstream.answer(() => stytchError(404, "organization_not_found"));
  await isolate.call(`/v1/b2b/organizations/${missing}`, { key });
  expect(await env.ORGANIZATIONS.get(`organization:${TEST_VARS.STYTCH_PROJECT_ID}:${missing}`)).toBeNull();
});

test.each([
  ["throws", () => Promise.reject(new Error("KV GET failed: 500"))],
  ["hangs", () => new Promise<never>(() => {})],
])("KV that %s on read costs half a second at most, and no answer", async (_, getWithMetadata) => {
  const without = createIsolate({ ORGANIZATIONS: { getWithMetadata } });
  const began = performance.now();
  expect((await without.call(byId, { key })).status).toBe(200);
  expect(performance.now() - began).toBeLessThan(900);
  expect(logLines().at(-1)).toMatchObject({ degraded: ["kv_read"], status: 200 });
});

test("KV that refuses a write costs no answer, and one log line", async () => {
  const put = vi.spyOn(Object.getPrototypeOf(env.ORGANIZATIONS) as KVNamespace, "put");
  put.mockRejectedValue(new Error("KV PUT failed: 429 Too Many Requests"));
  // The object makes its further attempts at once.
  skipRetryDelays();
  expect((await isolate.call(byId, { key })).status).toBe(200);
  await vi.waitFor(() => expect(put).toHaveBeenCalledTimes(3));
  expect(logLines().filter((line) => String(line["degraded"]) === "kv_write")).toHaveLength(1);
});

test("if the Organization object fails, the isolate asks Stytch itself", async () => {
  const read = () => Promise.reject(new Error("the object is gone"));
  const without = createIsolate({ ORGANIZATION: { getByName: () => ({ read }) } });
  const answer = await without.call(byId, { key });
  expect(await answer.json()).toMatchObject({ organization: org });
  expect(logLines().at(-1)).toMatchObject({ degraded: ["organization_object"], status: 200 });
  expect(statusOf(await without.call(byId, { key }))).toBe("postern; hit; ttl=60; detail=memory");
  expect(upstream.requests).toHaveLength(1);
});

test("if the Organization object hangs, the caller gets 504 by the deadline", async () => {
  const read = () => new Promise<never>(() => {});
  const without = createIsolate({
    ORGANIZATION: { getByName: () => ({ read }) },
    UPSTREAM_TIMEOUT_MS: "100",
  });
  const began = performance.now();
  expect((await without.call(byId, { key })).status).toBe(504);
  expect(performance.now() - began).toBeLessThan(1_500);
  expect(upstream.requests).toHaveLength(0);
});

test("a stored value that does not decode is a miss", async () => {
  await isolate.call(byId, { key });
  const stored = `organization:${TEST_VARS.STYTCH_PROJECT_ID}:${org["organization_id"]}`;
  const { metadata } = await env.ORGANIZATIONS.getWithMetadata(stored);
  for (const [value, meta] of [
    ["garbage", metadata],
    ["garbage", null],
    ["{}", { ...(metadata as object), v: 1 }],
  ] as const) {
    await env.ORGANIZATIONS.put(stored, value, { metadata: meta });
    const answer = await createIsolate().call(byId, { key });
    expect(await answer.json()).toMatchObject({ organization: org });
  }
});

test("a name that nobody has leaves no storage behind", async () => {
  upstream.answer(() => stytchError(404, "organization_not_found"));
  const missing = `organization-test-${crypto.randomUUID()}`;
  expect((await isolate.call(organizationPath(missing), { key })).status).toBe(404);
  const deleted = await runInDurableObject(env.ORGANIZATION.getByName(missing), (_, state) => {
    const tables = state.storage.sql.exec("SELECT name FROM sqlite_master").toArray();
    return tables.length;
  });
  expect(deleted).toBe(0);
});
