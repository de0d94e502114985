/**
 * What KV is written, and how often: a write costs as much as 33 calls of an object, so an unchanged organization is
 * spared most of them.
 */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test, vi } from "vitest";
import { type Json, organization, organizationEnvelope } from "../../support/bodies.ts";
import { kvKey, statusOf } from "../../support/cached.ts";
import { useClock } from "../../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../../support/deployment.ts";
import { organizationPath } from "../../support/paths.ts";
import { json, stubUpstream, stytchError, type Upstream } from "../../support/upstream.ts";

const { at } = useClock();

let isolate: TestIsolate;
let upstream: Upstream;
let key: string;
let org: Json;
let path: string;
let bySlug: string;
/** The keys of KV that were written, in order. */
let writes: string[];
let fails: boolean;

beforeEach(async () => {
  org = organization();
  path = organizationPath(org);
  bySlug = organizationPath(String(org["organization_slug"]));
  upstream = stubUpstream(() => json(organizationEnvelope(org)));
  isolate = createIsolate();
  ({ key } = await createKey(isolate, ["organizations:read"]));
  writes = [];
  fails = false;
  const prototype = Object.getPrototypeOf(env.ORGANIZATIONS) as KVNamespace;
  const real = prototype.put as (...args: unknown[]) => Promise<void>;
  vi.spyOn(prototype, "put").mockImplementation(async function (this: KVNamespace, ...args: unknown[]) {
    writes.push(String(args[0]));
    if (fails) throw new Error("KV PUT failed: 429 Too Many Requests");
    await real.apply(this, args);
  } as never);
});
const body = () => kvKey(org["organization_id"]);
const pointer = () => kvKey(org["organization_slug"]);
const written = async (...keys: string[]) => await vi.waitFor(() => expect(writes).toEqual(keys));

test("a miss by ID is one write to KV, and one by slug two", async () => {
  await isolate.call(path, { key });
  await written(body());
  await createIsolate().call(bySlug, { key });
  await written(body(), pointer());
});

test("an organization refreshed each minute is written to KV eight times an hour", async () => {
  for (let seconds = 0; seconds < 3_600; seconds += 20) {
    at(seconds);
    expect((await isolate.call(path, { key })).status).toBe(200);
  }
  expect(upstream.requests.length).toBeGreaterThan(40);
  expect(writes.length).toBeLessThanOrEqual(8);
  expect(writes.length).toBeGreaterThanOrEqual(7);
});

test("a refresh is written to KV only if it changed something, despite evictions", async () => {
  await isolate.call(path, { key });
  await written(body());
  at(61);
  await evictAllDurableObjects();
  await isolate.call(path, { key });
  expect(upstream.requests).toHaveLength(2);
  at(122);
  org = { ...org, organization_name: "Renamed" };
  await evictAllDurableObjects();
  await isolate.call(path, { key });
  await vi.waitFor(() => expect(upstream.requests).toHaveLength(3));
  await written(body(), body());
});

test("an alias is written to KV once in days, and not at each refresh", async () => {
  for (const seconds of [0, 61, 122, 200, 300]) {
    at(seconds);
    await isolate.call(bySlug, { key });
  }
  expect(upstream.requests.length).toBeGreaterThan(3);
  expect(writes.filter((name) => name === pointer())).toHaveLength(1);
});

test("33 reads caused by the age of KV's copy renew it, and no fewer", async () => {
  await isolate.call(path, { key });
  await written(body());
  at(119);
  await isolate.call(path, { key });
  await vi.waitFor(() => expect(upstream.requests).toHaveLength(2));
  at(125);
  for (let i = 1; i <= 32; i += 1) {
    expect(statusOf(await createIsolate().call(path, { key }))).toBe("postern; hit; ttl=54; detail=memory");
  }
  expect(writes).toEqual([body()]);
  await createIsolate().call(path, { key });
  await written(body(), body());
  expect(statusOf(await createIsolate().call(path, { key }))).toBe("postern; hit; ttl=54; detail=kv");
  expect(upstream.requests).toHaveLength(2);
});

test("KV's copy hides a failing Stytch for 7/8 of its TTL, if all else is lost", async () => {
  await isolate.call(path, { key });
  at(464);
  await createIsolate().call(path, { key });
  expect(upstream.requests).toHaveLength(2);
  expect(writes).toEqual([body()]);
  await evictAllDurableObjects();
  upstream.answer(() => stytchError(503, "x"));
  at(3_719);
  expect((await createIsolate().call(path, { key })).status).toBe(200);
  at(3_720);
  expect((await createIsolate().call(path, { key })).status).toBe(503);
});

test("a write that KV refuses is retried a second later, and costs no answer", async () => {
  vi.spyOn(scheduler, "wait").mockImplementation(async (ms) => {
    if (ms > 1_000) fails = false;
  });
  fails = true;
  expect((await isolate.call(path, { key })).status).toBe(200);
  await written(body(), body());
  expect(statusOf(await createIsolate().call(path, { key }))).toBe("postern; hit; ttl=60; detail=kv");
});

test("a write that KV keeps refusing is given up, and made by the next refresh", async () => {
  vi.spyOn(scheduler, "wait").mockImplementation(async () => {});
  fails = true;
  await isolate.call(path, { key });
  await written(body(), body(), body());
  fails = false;
  at(61);
  await isolate.call(path, { key });
  await written(body(), body(), body(), body());
});
