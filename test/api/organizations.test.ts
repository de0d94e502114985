import { env } from "cloudflare:workers";
import { type Item, parseList } from "structured-headers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { NO_ASK } from "../support/record.ts";
import { deferred, json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";

let isolate: TestIsolate;
let key: string;
let keyId: string;
let org: Json;
let body: string;
let upstream: Upstream;
let path: string;

beforeEach(async () => {
  isolate = createIsolate();
  ({ key, keyId } = await createKey(isolate, ["organizations:read"]));
  org = organization({ organization_external_id: `crm|${crypto.randomUUID()}` });
  body = JSON.stringify(organizationEnvelope(org, { not_in_any_sdk: { kept: true } }));
  upstream = stubUpstream(() => json(body));
  path = `/v1/b2b/organizations/${org["organization_id"]}`;
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("a first read asks Stytch and hands its body on, byte for byte", async () => {
  const answer = await isolate.call(path, { key });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe(body);
  expect(Object.fromEntries(answer.headers)).toEqual({
    age: "0",
    "cache-control": "private, max-age=60",
    "cache-status": "postern; fwd=miss; fwd-status=200; stored",
    "content-type": "application/json",
    date: expect.stringMatching(/ GMT$/),
    etag: expect.stringMatching(/^W\/"[0-9a-f]{32}"$/),
    "server-timing": expect.stringMatching(/^key;dur=\d+, cache;dur=\d+, upstream;dur=\d+$/),
    vary: "Authorization",
    "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect(upstream.requests.map(({ url }) => url)).toEqual([`https://upstream.test${path}`]);
});

test("a second read in the isolate costs no KV, no object and no upstream call", async () => {
  await isolate.call(path, { key });
  isolate.resetCounts();
  const answer = await isolate.call(path, { key });
  expect(await answer.text()).toBe(body);
  expect(answer.headers.get("Cache-Status")).toBe("postern; hit; ttl=60; detail=memory");
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  expect(upstream.requests).toHaveLength(1);
});

test("another isolate reads it from KV: one read by ID, two by slug, and no organization's object", async () => {
  await isolate.call(path, { key });
  await isolate.call(`/v1/b2b/organizations/${org["organization_slug"]}`, { key });
  const bySlug = createIsolate();
  await bySlug.call(`/v1/b2b/organizations/${org["organization_slug"]}`, { key });
  expect(bySlug.counts).toEqual({ kvReads: 2, kvWrites: 0, objects: { lease: 1, purgesSince: 1 } });
  const byId = createIsolate();
  const answer = await byId.call(path, { key });
  expect(answer.headers.get("Cache-Status")).toBe("postern; hit; ttl=60; detail=kv");
  expect(await answer.text()).toBe(body);
  expect(byId.counts).toEqual({ kvReads: 1, kvWrites: 0, objects: { lease: 1, purgesSince: 1 } });
  expect(upstream.requests).toHaveLength(2);
});

test("the first call of an isolate asks for the key, the purges and KV side by side, and a forged key for nothing", async () => {
  await isolate.call(path, { key });
  const gate = deferred<undefined>();
  const lease = vi.fn<() => Promise<unknown>>(async () => {
    await gate.promise;
    return await env.API_KEY.getByName(keyId).lease(null, NO_ASK, null);
  });
  const cold = createIsolate({ API_KEY: { getByName: () => ({ lease }) } });
  const forged = key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
  expect((await cold.call(path, { key: forged })).status).toBe(401);
  expect(cold.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  const answering = cold.call(path, { key });
  await vi.waitFor(() => expect(cold.counts).toMatchObject({ kvReads: 1, objects: { purgesSince: 1 } }));
  expect(lease).toHaveBeenCalledTimes(1);
  gate.resolve(undefined);
  expect((await answering).headers.get("Cache-Status")).toBe("postern; hit; ttl=60; detail=kv");
  expect(cold.counts).toEqual({ kvReads: 1, kvWrites: 0, objects: { purgesSince: 1 } });
});

test("a key that is refused after KV was read gets nothing of it", async () => {
  await isolate.call(path, { key });
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  const answer = await createIsolate().call(path, { key });
  expect([answer.status, answer.headers.get("Cache-Status"), answer.headers.get("ETag")]).toEqual([
    401,
    null,
    null,
  ]);
  expect(await answer.text()).not.toContain(String(org["organization_slug"]));
});

test("a miss costs one KV read, one call of the organization's object and one of Stytch", async () => {
  isolate.resetCounts();
  await isolate.call(path, { key });
  expect(isolate.counts).toEqual({ kvReads: 1, kvWrites: 0, objects: { lease: 1, purgesSince: 1, read: 1 } });
  expect(upstream.requests).toHaveLength(1);
});

test.each(["organization_slug", "organization_external_id"])(
  "by %s it is the same cached organization",
  async (name) => {
    const byName = `/v1/b2b/organizations/${encodeURIComponent(String(org[name]))}`;
    expect(await (await isolate.call(byName, { key })).text()).toBe(body);
    // By the name and by the ID, in the same isolate and in another.
    for (const [reader, at] of [
      [isolate, path],
      [isolate, byName],
      [createIsolate(), byName],
      [createIsolate(), path],
    ] as const) {
      const answer = await reader.call(at, { key });
      expect(answer.headers.get("Cache-Status")).toMatch(/^postern; hit/);
      expect(await answer.text()).toBe(body);
    }
    expect(upstream.requests).toHaveLength(1);
  },
);

test("freshness is counted from Stytch's answer, whoever asks, and ends exactly", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
  ({ key } = await createKey(isolate, ["organizations:read"]));
  await isolate.call(path, { key });
  vi.setSystemTime(1_800_000_059_999);
  const late = await createIsolate().call(path, { key });
  expect(late.headers.get("Age")).toBe("59");
  expect(late.headers.get("Cache-Control")).toBe("private, max-age=1");
  expect(late.headers.get("Cache-Status")).toBe("postern; hit; ttl=1; detail=kv");
  expect(upstream.requests).toHaveLength(1);
  vi.setSystemTime(1_800_000_060_000);
  const over = await isolate.call(path, { key });
  expect(over.headers.get("Cache-Status")).toBe("postern; hit; ttl=0; detail=kv");
  expect(over.headers.get("Cache-Control")).toBe("private, max-age=0");
  expect(over.headers.get("Age")).toBe("60");
  expect(upstream.requests).toHaveLength(2);
});

test("memory does not answer for longer than its time without asking KV", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
  ({ key } = await createKey(isolate, ["organizations:read"]));
  await isolate.call(path, { key });
  vi.setSystemTime(1_800_000_004_999);
  isolate.resetCounts();
  await isolate.call(path, { key });
  expect(isolate.counts.kvReads).toBe(0);
  vi.setSystemTime(1_800_000_005_000);
  const answer = await isolate.call(path, { key });
  expect(isolate.counts.kvReads).toBe(1);
  expect(answer.headers.get("Cache-Status")).toBe("postern; hit; ttl=55; detail=kv");
});

describe("ETag", () => {
  test("survives a refresh of an unchanged organization and not one of a changed one", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
    ({ key } = await createKey(isolate, ["organizations:read"]));
    const first = await isolate.call(path, { key });
    vi.setSystemTime(1_800_000_130_000);
    upstream.answer(() => json(organizationEnvelope(org)));
    const second = await isolate.call(path, { key });
    expect(second.headers.get("ETag")).toBe(first.headers.get("ETag"));
    vi.setSystemTime(1_800_000_260_000);
    upstream.answer(() => json(organizationEnvelope({ ...org, trusted_metadata: { plan: "silver" } })));
    const third = await isolate.call(path, { key });
    expect(third.headers.get("ETag")).not.toBe(first.headers.get("ETag"));
  });

  test.each([
    ["the tag", (tag: string) => tag],
    ["the tag in its strong form", (tag: string) => tag.replace("W/", "")],
    ["a list with the tag", (tag: string) => `"other", ${tag} , W/"third"`],
    ["*", () => "*"],
  ])("If-None-Match of %s is answered 304, without a body", async (_, of) => {
    const tag = String((await isolate.call(path, { key })).headers.get("ETag"));
    const answer = await isolate.call(path, { key, headers: { "If-None-Match": of(tag) } });
    expect(answer.status).toBe(304);
    expect(await answer.text()).toBe("");
    expect(answer.headers.get("ETag")).toBe(tag);
    expect(answer.headers.get("Cache-Status")).toBe("postern; hit; ttl=60; detail=memory");
    expect(answer.headers.get("Age")).toBe("0");
    expect(answer.headers.get("Cache-Control")).toBe("private, max-age=60");
    expect(answer.headers.get("Vary")).toBe("Authorization");
    expect(answer.headers.has("Content-Type")).toBe(false);
  });

  test("If-None-Match of another tag is answered in full", async () => {
    expect((await isolate.call(path, { key, headers: { "If-None-Match": 'W/"0"' } })).status).toBe(200);
  });

  test("If-None-Match: * is no way around the key or the organization's existence", async () => {
    const headers = { "If-None-Match": "*" };
    expect((await isolate.call(path, { headers })).status).toBe(401);
    upstream.answer(() => stytchError(404, "organization_not_found"));
    const missing = `/v1/b2b/organizations/organization-test-${crypto.randomUUID()}`;
    expect((await isolate.call(missing, { key, headers })).status).toBe(404);
  });
});

test("Cache-Status parses as RFC 9651 and names this cache, hit or miss", async () => {
  for (const expected of [
    { fwd: "miss", "fwd-status": 200, stored: true },
    { hit: true, ttl: 60, detail: "memory" },
  ]) {
    const header = String((await isolate.call(path, { key })).headers.get("Cache-Status"));
    const [item] = parseList(header) as [Item];
    expect(String(item[0])).toBe("postern");
    const parameters = [...item[1]].map(([name, value]) => [
      name,
      typeof value === "object" ? String(value) : value,
    ]);
    expect(Object.fromEntries(parameters)).toEqual(expected);
  }
});

test("the caller's Cache-Control, Pragma, X-Request-Id and query change nothing", async () => {
  await isolate.call(path, { key });
  const answer = await isolate.call(`${path}?organization_id=another&nonsense=1`, {
    key,
    headers: { "Cache-Control": "no-cache", Pragma: "no-cache", "X-Request-Id": "mine" },
  });
  expect(answer.headers.get("Cache-Status")).toBe("postern; hit; ttl=60; detail=memory");
  expect(answer.headers.get("X-Request-Id")).not.toBe("mine");
  expect(upstream.requests).toHaveLength(1);
});

test("HEAD has the headers of GET and no body", async () => {
  const head = await isolate.call(path, { key, method: "HEAD" });
  expect(head.status).toBe(200);
  expect(await head.text()).toBe("");
  expect(head.headers.get("Cache-Status")).toBe("postern; fwd=miss; fwd-status=200; stored");
  expect(head.headers.get("ETag")).toBe((await isolate.call(path, { key })).headers.get("ETag"));
});

test("a missing organization is 404 in Postern's own words, and is remembered for ten seconds", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
  ({ key } = await createKey(isolate, ["organizations:read"]));
  upstream.answer(() => stytchError(404, "some_other_type", "Upstream words."));
  const missing = `/v1/b2b/organizations/organization-test-${crypto.randomUUID()}`;
  const answer = await isolate.call(missing, { key });
  expect(answer.status).toBe(404);
  expect(await answer.json()).toEqual({
    status_code: 404,
    request_id: answer.headers.get("X-Request-Id"),
    error_type: "organization_not_found",
    error_message: "Organization could not be found.",
    error_url: "https://stytch.com/docs/b2b/api/errors/404#organization_not_found",
  });
  for (const name of ["Cache-Status", "Server-Timing", "Age", "ETag"])
    expect(answer.headers.has(name)).toBe(false);
  expect(answer.headers.get("Cache-Control")).toBe("no-store");

  vi.setSystemTime(1_800_000_009_999);
  expect((await createIsolate().call(missing, { key })).status).toBe(404);
  expect(upstream.requests).toHaveLength(1);
  vi.setSystemTime(1_800_000_010_000);
  expect((await isolate.call(missing, { key })).status).toBe(404);
  expect(upstream.requests).toHaveLength(2);
  expect(isolate.counts.kvWrites).toBe(0);
});

test("a key without the scope is told which one it lacks, and learns nothing else", async () => {
  const { key: narrow } = await createKey(isolate, ["members:dangerously_get"]);
  await isolate.call(path, { key });
  const answer = await isolate.call(path, { key: narrow });
  expect(answer.status).toBe(403);
  expect(answer.headers.get("WWW-Authenticate")).toBe(
    'Bearer realm="postern", error="insufficient_scope", scope="organizations:read"',
  );
  expect(await answer.json()).toMatchObject({ error_type: "insufficient_scope" });
  expect(answer.headers.has("ETag")).toBe(false);
});
