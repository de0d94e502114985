/** What belongs to an organization or to the project: metrics, connected apps, RBAC policies, through the cache. */
import { describe, expect, test, vi } from "vitest";
import { Organization } from "../../src/cache/object/organization.ts";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { deferred, json, stytchError } from "../support/upstream.ts";
import { BASE, countIn, isolate, metricsPath, read, useWorld, world } from "../support/world-isolate.ts";

const SCOPES = [
  "organizations:read",
  "organizations:metrics",
  "organizations:connected_apps",
  "rbac:read",
  "members:read",
] as const;
const clock = useWorld(...SCOPES);
const LEASE_SECONDS = 5;

const partRequests = () => world.upstream.requests.filter(({ url }) => url.endsWith("/metrics"));

test("60 callers of cold metrics in three isolates make one request to Stytch", async () => {
  const isolates = [isolate, createIsolate(), createIsolate()];
  const open = deferred<void>();
  world.upstream.answer(async ({ url }) => {
    await open.promise;
    return world.respond(url);
  });
  const reads = Array.from({ length: 60 }, (_, index) => read(metricsPath(), isolates[index % 3]));
  await new Promise((resolve) => setTimeout(resolve, 100));
  open.resolve();
  for (const response of await Promise.all(reads)) expect(response.status).toBe(200);
  expect(world.upstream.requests).toHaveLength(1);
});

test("by any name of the organization there is one entry", async () => {
  await read(metricsPath());
  expect(partRequests()).toHaveLength(1);
  const externalId = String(world.organization["organization_external_id"]);
  for (const name of [
    world.slug,
    externalId,
    world.organizationId.toUpperCase().replace("ORGANIZATION-TEST", "organization-test"),
  ]) {
    const response = await read(metricsPath(name));
    expect(response.headers.get("Cache-Status"), name).toMatch(/^postern; hit/);
  }
  // A slug or external ID is resolved through the cache of organizations.
  expect(world.upstream.requests.map(({ url }) => decodeURIComponent(new URL(url).pathname))).toEqual([
    `${BASE}/${world.organizationId}/metrics`,
    `${BASE}/${world.slug}`,
    `${BASE}/${externalId}`,
  ]);
});

test("two resources of one organization, and one of two organizations, are apart", async () => {
  const apps = await (await read(`${BASE}/${world.organizationId}/connected_apps`)).json<Json>();
  expect(apps["connected_apps"]).toMatchObject([{ connected_app_id: world.appId }]);
  const app = await (
    await read(`${BASE}/${world.organizationId}/connected_apps/${world.appId}`)
  ).json<Json>();
  expect(app).toMatchObject({ connected_app_id: world.appId, active_members: [{}] });
  expect(await countIn(await read(metricsPath()))).toBe(3);
  const own = await (await read(`/v1/b2b/rbac/organizations/${world.organizationId}`)).json<Json>();
  const project = await (await read("/v1/b2b/rbac/policy")).json<Json>();
  expect(Object.keys(own)).toContain("org_policy");
  expect(Object.keys(project)).toContain("policy");
  const organization = await (await read(`${BASE}/${world.organizationId}`)).json<Json>();
  expect(organization["organization"]).toEqual(world.organization);
});

test("an external ID that reads like the name of another's metrics costs those nothing", async () => {
  await read(metricsPath());
  const other = organization({ organization_external_id: `${world.organizationId}/metrics` });
  world.upstream.answer(({ url }) =>
    url.includes(String(other["organization_id"])) ? json(organizationEnvelope(other)) : world.respond(url),
  );
  const aliasChanged = vi.spyOn(Organization.prototype, "aliasChanged");
  await read(`${BASE}/${other["organization_id"]}`);
  expect(aliasChanged.mock.calls.map(([alias]) => alias)).toEqual([other["organization_slug"]]);
  clock.at(LEASE_SECONDS);
  const response = await read(metricsPath());
  expect(response.headers.get("Cache-Status")).toBe("postern; hit; ttl=55; detail=kv");
  expect(await countIn(response)).toBe(3);
  expect(partRequests()).toHaveLength(1);
});

test("a stale answer is refreshed in the background, and a failing Stytch is hidden", async () => {
  await read(metricsPath());
  world.memberCount = 9;
  clock.at(61);
  expect(await countIn(await read(metricsPath()))).toBe(3);
  expect(await countIn(await read(metricsPath()))).toBe(9);
  world.upstream.answer(() => stytchError(401, "unauthorized_credentials"));
  clock.at(200);
  const hidden = await read(metricsPath());
  expect([hidden.status, await countIn(hidden)]).toEqual([200, 9]);
});

test("a forced refresh reads the metrics from Stytch, and resolves a slug from the cache", async () => {
  const { key: forcing } = await createKey(isolate, [...SCOPES, "cache:refresh"]);
  await read(metricsPath(world.slug));
  const headers = { "Postern-Cache": "refresh" };
  const response = await isolate.call(metricsPath(world.slug), { key: forcing, headers });
  expect(response.headers.get("Cache-Status")).toBe("postern; fwd=request; fwd-status=200; stored");
  expect(partRequests()).toHaveLength(2);
  expect(world.upstream.requests).toHaveLength(3);
});

describe("what is missing", () => {
  test("metrics of an unknown ID are organization_not_found, and remembered", async () => {
    const path = metricsPath(`organization-test-${crypto.randomUUID()}`);
    for (const _ of [1, 2]) {
      const response = await read(path);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error_type: "organization_not_found" });
    }
    expect(partRequests()).toHaveLength(1);
  });

  test("an unknown app is connected_app_not_found, in an organization or none", async () => {
    for (const organization of [world.organizationId, world.slug, `none-${crypto.randomUUID()}`]) {
      const response = await read(`${BASE}/${organization}/connected_apps/connected-app-test-0`);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error_type: "connected_app_not_found" });
    }
  });

  test("an organization that is left out of the path is invalid_organization_id", async () => {
    for (const path of [
      `${BASE}/`,
      `${BASE}//metrics`,
      `${BASE}//connected_apps`,
      `${BASE}//connected_apps/${world.appId}`,
      `${BASE}//connected_apps/`,
      `${BASE}//member?member_id=${world.memberId}`,
      "/v1/b2b/rbac/organizations/",
    ]) {
      const response = await read(path);
      expect([path, response.status]).toEqual([path, 400]);
      expect(await response.json()).toMatchObject({ error_type: "invalid_organization_id" });
    }
    expect(world.upstream.requests).toEqual([]);
  });

  test("an organization that is remembered as missing is so in the log, too", async () => {
    const { key: bound } = await createKey(isolate, ["organizations:metrics", "members:read"], {
      organization_ids: [world.organizationId],
    });
    const name = `none-${crypto.randomUUID()}`;
    for (const path of [metricsPath(name), `${BASE}/${name}/member?member_id=m`]) {
      await read(path, isolate, bound);
      expect((await read(path, isolate, bound)).status).toBe(404);
      expect(logLines().at(-1)).toMatchObject({ upstream: null, cache: "postern; hit; detail=negative" });
    }
    expect(world.upstream.requests).toHaveLength(1);
  });

  test("an app ID that is out of bounds or left out is invalid_connected_app_id", async () => {
    for (const app of ["a%2Fb", "", "x".repeat(257), "%00", "a%23", "%zz"]) {
      const response = await read(`${BASE}/${world.organizationId}/connected_apps/${app}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error_type: "invalid_connected_app_id" });
    }
    expect(world.upstream.requests).toEqual([]);
  });
});

test("an organization whose ID could be the name of something else has no parts", async () => {
  const odd = organization({ organization_id: `${world.organizationId}/connected_apps` });
  world.upstream.answer(({ url }) =>
    url.endsWith("/odd") ? json(organizationEnvelope(odd)) : world.respond(url),
  );
  expect((await read(metricsPath("odd"))).status).toBe(502);
  expect(world.upstream.requests.map(({ url }) => url.split("/").at(-1))).toEqual(["odd"]);
});

test("a hit by a slug makes no I/O", async () => {
  for (const _ of [1, 2]) {
    isolate.resetCounts();
    expect((await read(metricsPath(world.slug))).status).toBe(200);
  }
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
});

test("an organization without a policy of its own is answered as Stytch does", async () => {
  for (const policy of [{ org_policy: null }, {}, { org_policy: { roles: null } }]) {
    const body = { request_id: "request-id-test-1", status_code: 200, ...policy };
    world.upstream.answer(() => json(body));
    await isolate.admin("POST", "/admin/cache/purge", { organization_id: world.organizationId });
    const response = await read(`/v1/b2b/rbac/organizations/${world.organizationId}`);
    expect([response.status, await response.json()]).toEqual([200, body]);
  }
});

describe("a body that is not one", () => {
  test.each<[string, () => Response]>([
    ["another app", () => json({ request_id: "r", connected_app_id: "other" })],
    ["no JSON", () => new Response("<html>")],
    ["a type that is wrong", () => json({ request_id: "r", connected_app_id: world.appId, name: 1 })],
  ])("%s is 502, and is not cached", async (_, respond) => {
    const path = `${BASE}/${world.organizationId}/connected_apps/${world.appId}`;
    world.upstream.answer(respond);
    const response = await read(path);
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ error_type: "upstream_invalid_response" });
    world.upstream.answer(({ url }) => world.respond(url));
    clock.at(2);
    expect((await read(path)).status).toBe(200);
  });
});

test("the project's policy is the same for a bound key, which cannot read another organization's", async () => {
  const { key: bound } = await createKey(isolate, SCOPES, {
    organization_ids: ["organization-test-11111111-1111-4111-8111-111111111111"],
  });
  expect((await read("/v1/b2b/rbac/policy", isolate, bound)).status).toBe(200);
  expect((await read(`/v1/b2b/rbac/organizations/${world.organizationId}`, isolate, bound)).status).toBe(404);
  expect(world.upstream.requests.some(({ url }) => url.includes("/rbac/organizations/"))).toBe(false);
});
