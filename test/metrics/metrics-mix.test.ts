/** The metrics after a mix of requests are what was driven, whichever isolate is scraped. */
import { beforeEach, expect, test } from "vitest";
import { member, memberEnvelope, organization, organizationEnvelope } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { increase, type Samples } from "../support/metrics.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import { ADMIN_HEADERS, scrape } from "../support/scrape.ts";
import { setUpOrganization } from "../support/setup.ts";
import { json, stubUpstream } from "../support/upstream.ts";

const { at } = useClock();

const ORGANIZATION = "/v1/b2b/organizations/{organization_id}";
const requests = (route: string, status: number, type = "") =>
  `postern_http_requests_total{route="${route}",status="${status}",error_type="${type}"}`;
const lookups = (resource: string, result: string) =>
  `postern_cache_lookups_total{resource="${resource}",result="${result}"}`;
const upstream = (operation: string, outcome: string) =>
  `postern_upstream_requests_total{operation="${operation}",outcome="${outcome}"}`;

let scraper: TestIsolate;
let before: Samples;
/** The isolate of the objects may have counted something in an earlier test: a read brings it along. */
beforeEach(async () => {
  const { isolate, path, key } = await setUpOrganization();
  await isolate.call(path, { key });
  await scrape(isolate);
  scraper = createIsolate();
  before = await scrape(scraper);
});
/** What was counted since, but for the scrapes and what creates keys. */
async function counted(by: TestIsolate = scraper): Promise<Samples> {
  const all = increase(before, await scrape(by));
  return Object.fromEntries(
    Object.entries(all).filter(
      ([name]) => !/route="\/(?:metrics|admin\/keys)"|^postern_(?:keys|key_lease)/.test(name),
    ),
  );
}

test("a miss, hits, a 304, a stale answer and its refresh are counted as such", async () => {
  const { isolate, path, slugPath, key } = await setUpOrganization();
  const first = await isolate.call(path, { key });
  await isolate.call(path, { key });
  await isolate.call(path, { key, headers: { "If-None-Match": String(first.headers.get("ETag")) } });
  await isolate.call(slugPath, { key });
  at(61);
  await isolate.call(path, { key });
  expect(await counted(isolate)).toEqual({
    [requests(ORGANIZATION, 200)]: 4,
    [requests(ORGANIZATION, 304)]: 1,
    // By ID, and once by the slug.
    [lookups("organization", "miss")]: 2,
    [lookups("organization", "memory")]: 2,
    [lookups("organization", "stale")]: 1,
    [upstream("organization", "ok")]: 3,
    postern_upstream_request_duration_seconds_count: 3,
  });
});

test("404s are counted as misses and then as negative, and a forced read as bypass", async () => {
  const {
    isolate,
    path,
    key,
    upstream: stytch,
  } = await setUpOrganization({
    scopes: ["organizations:read", "cache:refresh"],
  });
  const error = { status_code: 404, error_type: "organization_not_found", request_id: "r" };
  stytch.answer(() => json(error, 404));
  const missing = organizationPath("missing");
  for (let i = 0; i < 3; i += 1) expect((await isolate.call(missing, { key })).status).toBe(404);
  stytch.answer(() => json(organizationEnvelope(organization({ organization_id: path.split("/").at(-1) }))));
  expect((await isolate.call(path, { key, headers: { "Postern-Cache": "refresh" } })).status).toBe(200);
  expect(await counted(isolate)).toEqual({
    [requests(ORGANIZATION, 404, "organization_not_found")]: 3,
    [requests(ORGANIZATION, 200)]: 1,
    [lookups("organization", "miss")]: 1,
    [lookups("organization", "negative")]: 2,
    [lookups("organization", "bypass")]: 1,
    [upstream("organization", "not_found")]: 1,
    [upstream("organization", "ok")]: 1,
    postern_upstream_request_duration_seconds_count: 2,
  });
});

test("refusals of keys, of their limit and of their scope are counted by their reason", async () => {
  const { isolate, path, key } = await setUpOrganization({
    keyFields: { rate_limit: { limit: 2, period_seconds: 60 } },
  });
  const { key: revoked, keyId } = await createKey(isolate);
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  for (let i = 0; i < 5; i += 1) await isolate.call(path, { key });
  await isolate.call(path, { key: revoked });
  await isolate.call(path, { key: `pst_test_0123456789abcdef_${"0".repeat(52)}` });
  await isolate.call(path);
  await isolate.call("/v1/b2b/rbac/policy", { key: (await createKey(isolate)).key });
  await isolate.call("/nowhere");
  const counts = await counted(isolate);
  expect(counts).toMatchObject({
    [requests(ORGANIZATION, 200)]: 2,
    [requests(ORGANIZATION, 429, "too_many_requests")]: 3,
    postern_rate_limited_total: 3,
    [requests(ORGANIZATION, 401, "revoked_key")]: 1,
    [requests(ORGANIZATION, 401, "invalid_key")]: 1,
    [requests(ORGANIZATION, 401, "missing_key")]: 1,
    'postern_failed_authentications_total{reason="revoked_key"}': 1,
    'postern_failed_authentications_total{reason="invalid_key"}': 1,
    'postern_failed_authentications_total{reason="missing_key"}': 1,
    [requests("/v1/b2b/rbac/policy", 403, "insufficient_scope")]: 1,
    [requests("unmatched", 404, "route_not_found")]: 1,
  });
  expect(counts).not.toHaveProperty([lookups("project_policy", "miss")]);
});

test("failures of Stytch are counted request by request, and what hides them as stale_if_error", async () => {
  const { isolate, path, key, upstream: stytch } = await setUpOrganization();
  await isolate.call(path, { key });
  stytch.answer(() => new Response("", { status: 502 }));
  at(200);
  expect((await isolate.call(path, { key })).status).toBe(200);
  expect((await isolate.call(organizationPath("other"), { key })).status).toBe(503);
  expect(await counted(isolate)).toEqual({
    [requests(ORGANIZATION, 200)]: 2,
    [requests(ORGANIZATION, 503, "upstream_unavailable")]: 1,
    [lookups("organization", "miss")]: 2,
    [lookups("organization", "stale_if_error")]: 1,
    [upstream("organization", "ok")]: 1,
    // Each call is tried three times.
    [upstream("organization", "unavailable")]: 6,
    postern_upstream_request_duration_seconds_count: 7,
    'postern_degraded_total{part="upstream"}': 1,
  });
});

test("reads of members bypass the cache, and show in the figures without their identifiers", async () => {
  const reader = member();
  stubUpstream(() => json(memberEnvelope(reader, organization())));
  const edge = createIsolate();
  const { key } = await createKey(edge, ["members:dangerously_get"]);
  await edge.call(memberPath(reader), { key });
  expect(await counted(edge)).toEqual({
    [requests("/v1/b2b/organizations/members/dangerously_get/{member_id}", 200)]: 1,
    [lookups("member", "bypass")]: 1,
    [upstream("member", "ok")]: 1,
    postern_upstream_request_duration_seconds_count: 1,
  });
});

test("an error type that Stytch makes up is no label", async () => {
  const { isolate, path, key, upstream: stytch } = await setUpOrganization();
  const error = { status_code: 400, error_type: "invalid_organization_acme_secret", request_id: "r" };
  stytch.answer(() => json(error, 400));
  const response = await isolate.call(path, { key });
  expect(await response.json()).toMatchObject({ error_type: "invalid_organization_acme_secret" });
  expect(await counted(isolate)).toMatchObject({
    [requests(ORGANIZATION, 400, "upstream_bad_request")]: 1,
    [upstream("organization", "bad_request")]: 1,
  });
});

test("purges are counted by who asked for them", async () => {
  const { isolate } = await setUpOrganization();
  await isolate.admin("POST", "/admin/cache/purge", { organization_id: "acme" });
  await isolate.admin("POST", "/admin/cache/purge", { rbac_policy: true });
  expect(await counted(isolate)).toMatchObject({ 'postern_purges_total{source="admin"}': 2 });
});

test("one scrape shows what several isolates have reported, each request once", async () => {
  const { isolate, path, key } = await setUpOrganization();
  const edges = [isolate, createIsolate(), createIsolate()];
  // Each reports with its next sync of purges, after half a lease.
  for (const seconds of [0, 3, 6, 9]) {
    at(seconds);
    for (const edge of edges) await edge.call(path, { key });
  }
  const counts = await counted();
  expect(counts[requests(ORGANIZATION, 200)]).toBe(9);
  expect(await counted()).toEqual(counts);
});

test("an isolate without cached reads reports a lease after its first request, in the background", async () => {
  const edge = createIsolate();
  await edge.call("/nowhere");
  at(4.9);
  await edge.call("/nowhere");
  expect(edge.counts.objects).toEqual({});
  at(5);
  await edge.call("/nowhere");
  expect(edge.counts.objects).toEqual({ updatesSince: 1 });
  expect((await counted())[requests("unmatched", 404, "route_not_found")]).toBe(3);
});

test("refused credentials cost no I/O, and are reported with the next other request", async () => {
  const edge = createIsolate();
  for (const seconds of [0, 10, 100]) {
    at(seconds);
    await edge.call("/v1/b2b/organizations/acme");
    expect(edge.counts.objects).toEqual({});
  }
  await edge.call("/healthz");
  expect(edge.counts.objects).toEqual({ updatesSince: 1 });
  expect((await counted())['postern_failed_authentications_total{reason="missing_key"}']).toBe(3);
});

test("keys are counted by status, and the gauge follows a revocation and an expiry", async () => {
  const gauge = async () => {
    const now = await scrape(scraper);
    return ["active", "expired", "revoked"].map((status) => now[`postern_keys{status="${status}"}`] ?? 0);
  };
  // Other tests leave keys, and some of those end within the ten seconds.
  at(10);
  const later = await gauge();
  at(0);
  const [active = 0, expired = 0, revoked = 0] = await gauge();
  const { keyId } = await createKey(scraper);
  await createKey(scraper, undefined, { expires_at: "2027-01-15T08:00:10Z" });
  expect(await gauge()).toEqual([active + 2, expired, revoked]);
  await scraper.admin("DELETE", `/admin/keys/${keyId}`);
  expect(await gauge()).toEqual([active + 1, expired, revoked + 1]);
  at(10);
  const [activeLater = 0, expiredLater = 0, revokedLater = 0] = later;
  expect(await gauge()).toEqual([activeLater, expiredLater + 1, revokedLater + 1]);
});

test("requests of each key are shown only with METRICS_PER_KEY", async () => {
  const perKey = createIsolate({ METRICS_PER_KEY: "true" });
  const { isolate, path, key, keyId } = await setUpOrganization();
  for (let i = 0; i < 3; i += 1) await isolate.call(path, { key });
  await isolate.call("/v1/b2b/rbac/policy", { key });
  await scrape(isolate);
  const text = async (edge: TestIsolate) =>
    await (await edge.call("/metrics", { headers: ADMIN_HEADERS })).text();
  expect(await text(isolate)).not.toContain(keyId);
  const shown = await text(perKey);
  for (const [outcome, count] of [
    ["miss", 1],
    ["hit", 2],
    ["denied", 1],
  ])
    expect(shown).toContain(`postern_key_requests_total{key_id="${keyId}",outcome="${outcome}"} ${count}\n`);
  expect(shown).not.toContain(key);
});
