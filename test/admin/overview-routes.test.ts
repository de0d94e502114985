/** `GET /admin/overview`: the figures of the deployment are what was driven. */
import { evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { getDirectory } from "../../src/directory/directory-client.ts";
import type { Overview } from "../../src/metrics/overview-answer.ts";
import { member, memberEnvelope, organization } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { objectsThat } from "../support/fakes.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import { scrape } from "../support/scrape.ts";
import { setUpOrganization } from "../support/setup.ts";
import { json } from "../support/upstream.ts";

const { at, atMs, iso } = useClock();

const HOUR_MS = 3_600_000;
const NOTHING = {
  requests: 0,
  hits: 0,
  stale: 0,
  misses: 0,
  denied: 0,
  not_found: 0,
  rate_limited: 0,
  errors: 0,
  upstream_requests: 0,
};

const directoryRows = async () =>
  await runInDurableObject(getDirectory(env), (_, { storage }) =>
    storage.sql.exec("SELECT hour, written_at, series FROM metrics").toArray(),
  );

/** Other tests may have left counts in the isolate of the objects, which a read brings along, and in the Directory. */
beforeEach(async () => {
  const { isolate, path, key } = await setUpOrganization();
  await isolate.call(path, { key });
  await scrape(isolate);
  await runInDurableObject(getDirectory(env), (_, { storage }) => {
    storage.sql.exec("DELETE FROM metrics");
  });
  await evictAllDurableObjects();
});

const overview = async (isolate: TestIsolate, query = "") =>
  await (await isolate.admin("GET", `/admin/overview${query}`)).json<Overview>();

test("the overview of a deployment without traffic has zeros, and null for what has no data", async () => {
  expect(await overview(createIsolate())).toEqual({
    status: "ok",
    degraded: [],
    totals: NOTHING,
    hit_ratio: null,
    upstream: { p50_ms: null, p95_ms: null, p99_ms: null, error_ratio: null },
    hours: [],
    top_keys: [],
    cost: { usd_per_million: null, usd_per_month: 0 },
  });
});

test("the overview has the requests of all kinds that were driven, and the busiest keys", async () => {
  const { isolate, upstream, path, key, keyId, respond } = await setUpOrganization({
    scopes: ["organizations:read", "members:dangerously_get"],
    keyFields: { name: "Busy" },
  });
  const limited = await createKey(isolate, undefined, { rate_limit: { limit: 1, period_seconds: 60 } });
  await isolate.call(path, { key });
  const { headers } = await isolate.call(path, { key });
  await isolate.call(path, { key, headers: { "If-None-Match": String(headers.get("ETag")) } });
  const reader = member();
  upstream.answer(() => json(memberEnvelope(reader, organization())));
  await isolate.call(memberPath(reader), { key });
  upstream.answer(respond);
  at(61);
  await isolate.call(path, { key });
  for (let i = 0; i < 3; i += 1) await isolate.call(path, { key: limited.key });
  const missing = { status_code: 404, error_type: "organization_not_found", request_id: "r" };
  upstream.answer(() => json(missing, 404));
  for (let i = 0; i < 2; i += 1) await isolate.call(organizationPath("missing"), { key });
  await isolate.call("/v1/b2b/rbac/policy", { key });
  await isolate.call(path, { key: key.slice(0, -1) });
  await isolate.call(path);
  upstream.answer(() => new Response("", { status: 502 }));
  await isolate.call(organizationPath("failing"), { key });
  await isolate.call("/whoami", { key });
  await isolate.call("/healthz");
  const totals = {
    requests: 15,
    hits: 3,
    stale: 1,
    misses: 2,
    denied: 3,
    not_found: 2,
    rate_limited: 2,
    errors: 1,
    // The call that failed was tried three times.
    upstream_requests: 7,
  };
  expect(await overview(isolate)).toEqual({
    status: "ok",
    degraded: [],
    totals,
    hit_ratio: 0.625,
    upstream: {
      p50_ms: expect.any(Number),
      p95_ms: expect.any(Number),
      p99_ms: expect.any(Number),
      error_ratio: 0.4286,
    },
    hours: [{ hour: "2027-01-15T08:00:00Z", ...totals }],
    top_keys: [
      { key_id: keyId, name: "Busy", requests: 9, rate_limited: 0, last_used_at: iso(61) },
      { key_id: limited.keyId, name: "Test", requests: 1, rate_limited: 2, last_used_at: iso(61) },
    ],
    cost: { usd_per_million: expect.any(Number), usd_per_month: expect.any(Number) },
  });
});

test("the overview of the last hours leaves out what was counted before", async () => {
  const { isolate, path, key, keyId } = await setUpOrganization();
  for (let i = 0; i < 3; i += 1) await isolate.call(path, { key });
  await scrape(isolate);
  atMs(3 * HOUR_MS);
  await isolate.call("/v1/b2b/rbac/policy", { key });
  const last = await overview(isolate, "?hours=3");
  expect(last.totals).toEqual({ ...NOTHING, requests: 1, denied: 1 });
  expect(last.hours).toEqual([{ hour: "2027-01-15T11:00:00Z", ...NOTHING, requests: 1, denied: 1 }]);
  expect(last.top_keys).toMatchObject([{ key_id: keyId, requests: 1 }]);
  const all = await overview(isolate, "?hours=4");
  expect(all.totals).toMatchObject({ requests: 4, hits: 2, misses: 1, denied: 1 });
  expect(all.hours.map(({ hour, requests }) => [hour, requests])).toEqual([
    ["2027-01-15T08:00:00Z", 3],
    ["2027-01-15T11:00:00Z", 1],
  ]);
  expect(all.top_keys).toMatchObject([{ key_id: keyId, requests: 4 }]);
});

test("a part that fails makes the deployment degraded, for five minutes after its last failure", async () => {
  const { isolate, upstream, path, key } = await setUpOrganization();
  await isolate.call(path, { key });
  upstream.answer(() => new Response("", { status: 502 }));
  at(200);
  await isolate.call(path, { key });
  expect(await overview(isolate)).toMatchObject({ status: "degraded", degraded: ["upstream"] });
  at(499);
  expect(await overview(isolate)).toMatchObject({ status: "degraded" });
  at(500);
  expect(await overview(isolate)).toMatchObject({ status: "ok", degraded: [] });
});

test("the overview counts what several isolates have reported, once each, and writes nothing", async () => {
  const { isolate, path, key } = await setUpOrganization();
  const edges = [isolate, createIsolate(), createIsolate()];
  for (const edge of edges) await edge.call(path, { key });
  const before = await directoryRows();
  for (const edge of [...edges, ...edges]) await overview(edge);
  expect((await overview(createIsolate())).totals).toMatchObject({ requests: 3, misses: 1, hits: 2 });
  expect(await directoryRows()).toEqual(before);
});

test.each(["hours=0", "hours=721", "hours=x", "days=1"])("the overview with %s is 400", async (query) => {
  const isolate = createIsolate();
  expect((await isolate.admin("GET", `/admin/overview?${query}`)).status).toBe(400);
  expect(isolate.counts.objects).toEqual({});
});

test("the overview needs the admin token, and is 503 while the Directory fails", async () => {
  const isolate = createIsolate({ DIRECTORY: objectsThat.fail() });
  expect((await isolate.call("/admin/overview")).status).toBe(401);
  const response = await isolate.admin("GET", "/admin/overview");
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ error_type: "directory_unavailable" });
});
