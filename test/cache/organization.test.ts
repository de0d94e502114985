/** The organization's object: one upstream request at a time, one writer of KV, and what it does when its neighbours fail. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { type Isolate, mint, newIsolate } from "../support/deployment.ts";
import { logLines } from "../support/guard.ts";
import { json, later, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";

let isolate: Isolate;
let key: string;
let org: Json;
let upstream: Upstream;
let byId: string;
let bySlug: string;

beforeEach(async () => {
  isolate = newIsolate();
  ({ key } = await mint(isolate, ["organizations:read"]));
  org = organization();
  upstream = stubUpstream(() => json(organizationEnvelope(org)));
  byId = `/v1/b2b/organizations/${org["organization_id"]}`;
  bySlug = `/v1/b2b/organizations/${org["organization_slug"]}`;
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const statusOf = (answer: Response) => answer.headers.get("Cache-Status");

test.each(["ID", "slug"])(
  "100 callers of one cold organization by %s, from four isolates, make one upstream call",
  async (by) => {
    const answered = later<() => Response>();
    upstream.answer(async () => (await answered.promise)());
    const isolates = [isolate, newIsolate(), newIsolate(), newIsolate()];
    const calls = Array.from({ length: 100 }, (_, i) =>
      isolates[i % 4]?.call(by === "ID" ? byId : bySlug, { key }),
    );
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
    answered.resolve(() => json(organizationEnvelope(org)));
    const answers = await Promise.all(calls);
    expect(answers.map((answer) => answer?.status)).toEqual(Array(100).fill(200));
    const statuses = answers.map((answer) => answer?.headers.get("Cache-Status") ?? "");
    expect(statuses.filter((status) => status === "postern; fwd=miss; fwd-status=200; stored")).toHaveLength(
      1,
    );
    expect(statuses).toContain("postern; fwd=miss; fwd-status=200; stored; collapsed");
    expect(upstream.requests).toHaveLength(1);
  },
);

test("a caller who leaves does not take the others' answer along", async () => {
  const answered = later<() => Response>();
  upstream.answer(async () => (await answered.promise)());
  const leader = isolate.callOnly(byId, { key });
  await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
  const follower = newIsolate().call(byId, { key });
  // The leader's answer is never read.
  void leader.catch(() => {});
  answered.resolve(() => json(organizationEnvelope(org)));
  expect((await follower).status).toBe(200);
});

test("a failure reaches all who wait for it, and the next caller asks anew", async () => {
  const answered = later<() => Response>();
  upstream.answer(async () => (await answered.promise)());
  const calls = [isolate.call(byId, { key }), newIsolate().call(byId, { key })];
  await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
  await scheduler.wait(20);
  answered.resolve(() => stytchError(500, "internal_server_error"));
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([503, 503]);
  upstream.answer(() => json(organizationEnvelope(org)));
  expect((await isolate.call(byId, { key })).status).toBe(200);
});

test("an isolate that missed what KV does not show yet is answered by the object, without an upstream call", async () => {
  await isolate.call(byId, { key });
  const none = { getWithMetadata: async () => ({ value: null, metadata: null }) };
  const far = newIsolate({ ORGANIZATIONS: none });
  const answer = await far.call(byId, { key });
  expect(statusOf(answer)).toBe("postern; hit; ttl=60; detail=memory");
  expect(upstream.requests).toHaveLength(1);
});

test("by slug, the object of the ID answers for it, and not once the slug is another's", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
  ({ key } = await mint(isolate, ["organizations:read"]));
  const blind = () =>
    newIsolate({ ORGANIZATIONS: { getWithMetadata: async () => ({ value: null, metadata: null }) } });
  await isolate.call(bySlug, { key });
  expect(statusOf(await blind().call(bySlug, { key }))).toBe("postern; hit; ttl=60; detail=memory");
  expect(upstream.requests).toHaveLength(1);

  // Time passes, the organization is renamed and read again by its ID; then another one takes the slug over.
  vi.setSystemTime(1_800_000_061_000);
  const renamed = { ...org, organization_slug: `${org["organization_slug"]}-old` };
  const other = organization({ organization_slug: org["organization_slug"] });
  upstream.answer(() => json(organizationEnvelope(renamed)));
  await newIsolate().call(byId, { key });
  upstream.answer(() => json(organizationEnvelope(other)));
  for (const reader of [blind(), newIsolate()]) {
    const body = await (await reader.call(bySlug, { key })).json<{ organization: Json }>();
    expect(body.organization["organization_id"]).toBe(other["organization_id"]);
  }
});

test("a name that the organization does not bear itself is answered, but not found by again", async () => {
  const odd = String(org["organization_slug"]).toUpperCase();
  for (const _ of [1, 2]) {
    expect((await newIsolate().call(`/v1/b2b/organizations/${odd}`, { key })).status).toBe(200);
  }
  expect(upstream.requests).toHaveLength(2);
  expect(await env.ORGANIZATIONS.get(`organization:${odd}`)).toBeNull();
});

test("KV gets the body under the ID, and nothing for a 404", async () => {
  await isolate.call(byId, { key });
  const { value, metadata } = await env.ORGANIZATIONS.getWithMetadata(
    `organization:${org["organization_id"]}`,
  );
  expect(JSON.parse(String(value))).toMatchObject({ organization: org });
  expect(JSON.stringify(metadata).length).toBeLessThanOrEqual(1_024);
  const missing = `organization-test-${crypto.randomUUID()}`;
  upstream.answer(() => stytchError(404, "organization_not_found"));
  await isolate.call(`/v1/b2b/organizations/${missing}`, { key });
  expect(await env.ORGANIZATIONS.get(`organization:${missing}`)).toBeNull();
});

test.each([
  ["throws", () => Promise.reject(new Error("KV GET failed: 500"))],
  ["hangs", () => new Promise<never>(() => {})],
])("KV that %s on read costs half a second at most, and no answer", async (_, getWithMetadata) => {
  const without = newIsolate({ ORGANIZATIONS: { getWithMetadata } });
  const began = performance.now();
  expect((await without.call(byId, { key })).status).toBe(200);
  expect(performance.now() - began).toBeLessThan(900);
  expect(logLines().at(-1)).toMatchObject({ degraded: ["kv_read"], status: 200 });
});

test("KV that refuses a write costs no answer, and one log line", async () => {
  vi.spyOn(Object.getPrototypeOf(env.ORGANIZATIONS) as KVNamespace, "put").mockRejectedValue(
    new Error("KV PUT failed: 429 Too Many Requests"),
  );
  expect((await isolate.call(byId, { key })).status).toBe(200);
  await vi.waitFor(() =>
    expect(logLines().filter((line) => String(line["degraded"]) === "kv_write")).toHaveLength(1),
  );
});

test("where the organization's object fails, Stytch is asked directly", async () => {
  const read = () => Promise.reject(new Error("the object is gone"));
  const without = newIsolate({ ORGANIZATION: { getByName: () => ({ read }) } });
  const answer = await without.call(byId, { key });
  expect(await answer.json()).toMatchObject({ organization: org });
  expect(logLines().at(-1)).toMatchObject({ degraded: ["organization_object"], status: 200 });
  expect(statusOf(await without.call(byId, { key }))).toBe("postern; hit; ttl=60; detail=memory");
  expect(upstream.requests).toHaveLength(1);
});

test("where it hangs, the caller gets 504 by the deadline, and Stytch is not asked twice", async () => {
  const read = () => new Promise<never>(() => {});
  const without = newIsolate({ ORGANIZATION: { getByName: () => ({ read }) }, UPSTREAM_TIMEOUT_MS: "100" });
  const began = performance.now();
  expect((await without.call(byId, { key })).status).toBe(504);
  expect(performance.now() - began).toBeLessThan(1_500);
  expect(upstream.requests).toHaveLength(0);
});

test("a stored value that does not decode is a miss", async () => {
  await isolate.call(byId, { key });
  const stored = `organization:${org["organization_id"]}`;
  const { metadata } = await env.ORGANIZATIONS.getWithMetadata(stored);
  for (const [value, meta] of [
    ["garbage", metadata],
    ["garbage", null],
    ["{}", { ...(metadata as object), v: 2 }],
  ] as const) {
    await env.ORGANIZATIONS.put(stored, value, { metadata: meta });
    const answer = await newIsolate().call(byId, { key });
    expect(await answer.json()).toMatchObject({ organization: org });
  }
});
