/** What a read costs in KV reads, object calls and upstream calls, and how long an entry lasts. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test, vi } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { NO_TOKEN_REQUEST } from "../support/record.ts";
import { setUpOrganization } from "../support/setup.ts";
import { deferred, type Upstream } from "../support/upstream.ts";

const clock = useClock();

let isolate: TestIsolate;
let upstream: Upstream;
let key: string;
let keyId: string;
let path: string;
let slugPath: string;
let slug: string;

beforeEach(async () => {
  const setUp = await setUpOrganization();
  ({ isolate, upstream, key, keyId, path, slugPath } = setUp);
  slug = String(setUp.organization["organization_slug"]);
});

test("a second read in an isolate costs no KV read, object call or upstream call", async () => {
  const body = await (await isolate.call(path, { key })).text();
  isolate.resetCounts();
  const response = await isolate.call(path, { key });
  expect(await response.text()).toBe(body);
  expect(response.headers.get("Cache-Status")).toBe("postern; hit; ttl=60; detail=memory");
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  expect(upstream.requests).toHaveLength(1);
});

test("another isolate needs one KV read by ID, two by slug, and no organization object", async () => {
  const body = await (await isolate.call(path, { key })).text();
  await isolate.call(slugPath, { key });
  const bySlug = createIsolate();
  await bySlug.call(slugPath, { key });
  expect(bySlug.counts).toEqual({ kvReads: 2, kvWrites: 0, objects: { lease: 1, updatesSince: 1 } });
  const byId = createIsolate();
  const response = await byId.call(path, { key });
  expect(response.headers.get("Cache-Status")).toBe("postern; hit; ttl=60; detail=kv");
  expect(await response.text()).toBe(body);
  expect(byId.counts).toEqual({ kvReads: 1, kvWrites: 0, objects: { lease: 1, updatesSince: 1 } });
  expect(upstream.requests).toHaveLength(2);
});

test("the first call of an isolate reads lease, purges and KV in parallel", async () => {
  await isolate.call(path, { key });
  const gate = deferred<undefined>();
  const lease = vi.fn<() => Promise<unknown>>(async () => {
    await gate.promise;
    return await env.API_KEY.getByName(keyId).lease(null, NO_TOKEN_REQUEST, null);
  });
  const cold = createIsolate({ API_KEY: { getByName: () => ({ lease }) } });
  const forged = key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
  expect((await cold.call(path, { key: forged })).status).toBe(401);
  expect(cold.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  const answering = cold.call(path, { key });
  await vi.waitFor(() => expect(cold.counts).toMatchObject({ kvReads: 1, objects: { updatesSince: 1 } }));
  expect(lease).toHaveBeenCalledTimes(1);
  gate.resolve(undefined);
  expect((await answering).headers.get("Cache-Status")).toBe("postern; hit; ttl=60; detail=kv");
  expect(cold.counts).toEqual({ kvReads: 1, kvWrites: 0, objects: { updatesSince: 1 } });
});

test("a key that is refused after the KV read gets no data of the entry", async () => {
  await isolate.call(path, { key });
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  const response = await createIsolate().call(path, { key });
  expect([response.status, response.headers.get("Cache-Status"), response.headers.get("ETag")]).toEqual([
    401,
    null,
    null,
  ]);
  expect(await response.text()).not.toContain(slug);
});

test("a miss costs one KV read, one organization object call and one upstream call", async () => {
  isolate.resetCounts();
  await isolate.call(path, { key });
  expect(isolate.counts).toEqual({
    kvReads: 1,
    kvWrites: 0,
    objects: { lease: 1, updatesSince: 1, read: 1 },
  });
  expect(upstream.requests).toHaveLength(1);
});

test("freshness counts from Stytch's response for every caller, and ends exactly", async () => {
  await isolate.call(path, { key });
  clock.atMs(59_999);
  const late = await createIsolate().call(path, { key });
  expect(late.headers.get("Age")).toBe("59");
  expect(late.headers.get("Cache-Control")).toBe("private, no-cache");
  expect(late.headers.get("Cache-Status")).toBe("postern; hit; ttl=1; detail=kv");
  expect(upstream.requests).toHaveLength(1);
  clock.atMs(60_000);
  const over = await isolate.call(path, { key });
  expect(over.headers.get("Cache-Status")).toBe("postern; hit; ttl=0; detail=kv");
  expect(over.headers.get("Cache-Control")).toBe("private, no-cache");
  expect(over.headers.get("Age")).toBe("60");
  expect(upstream.requests).toHaveLength(2);
});

test("a memory entry is read from KV again after CACHE_MEMORY_SECONDS", async () => {
  await isolate.call(path, { key });
  clock.atMs(4_999);
  isolate.resetCounts();
  await isolate.call(path, { key });
  expect(isolate.counts.kvReads).toBe(0);
  clock.atMs(5_000);
  const response = await isolate.call(path, { key });
  expect(isolate.counts.kvReads).toBe(1);
  expect(response.headers.get("Cache-Status")).toBe("postern; hit; ttl=55; detail=kv");
});
