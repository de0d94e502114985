/** Purges of what belongs to an organization or to the project, by an operator. */
import { describe, expect, test, vi } from "vitest";
import { Organization } from "../../src/cache/object/organization.ts";
import type { Json } from "../support/bodies.ts";
import { createIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { deferred, json } from "../support/upstream.ts";
import { BASE, countIn, isolate, metricsPath, read, useWorld, world } from "../support/world-isolate.ts";

const SCOPES = ["organizations:read", "organizations:metrics", "rbac:read"] as const;
const clock = useWorld(...SCOPES);
const LEASE_SECONDS = 5;

describe("a purge of the organization", () => {
  test.each(["ID", "slug", "external ID"])("by its %s ends its metrics in every isolate", async (by) => {
    const other = createIsolate();
    for (const reader of [isolate, other]) await read(metricsPath(), reader);
    await read(`${BASE}/${world.slug}`);
    const externalId = String(world.organization["organization_external_id"]);
    await read(`${BASE}/${encodeURIComponent(externalId)}`);
    world.memberCount = 4;
    const name = { ID: world.organizationId, slug: world.slug, "external ID": externalId }[by];
    const purged = await isolate.admin("POST", "/admin/cache/purge", { organization_id: name });
    expect([purged.status, await purged.json()]).toEqual([200, { purged: name }]);
    expect(await countIn(await read(metricsPath()))).toBe(4);
    clock.at(LEASE_SECONDS);
    expect(await countIn(await read(metricsPath(), other))).toBe(4);
    expect(await countIn(await read(metricsPath(), createIsolate()))).toBe(4);
  });

  test.each(["slug", "external ID"])(
    "by its %s ends its metrics if only its ID was asked for",
    async (by) => {
      const other = createIsolate();
      for (const reader of [isolate, other]) await read(metricsPath(), reader);
      await read(`${BASE}/${world.organizationId}`, other);
      world.memberCount = 4;
      const name = by === "slug" ? world.slug : world.organization["organization_external_id"];
      await isolate.admin("POST", "/admin/cache/purge", { organization_id: name });
      expect(await countIn(await read(metricsPath()))).toBe(4);
      clock.at(LEASE_SECONDS);
      for (const reader of [other, createIsolate()])
        expect(await countIn(await read(metricsPath(), reader))).toBe(4);
    },
  );

  test("by its slug ends its metrics, too, while the object of its ID fails", async () => {
    await read(metricsPath(world.slug));
    world.memberCount = 4;
    const purge = vi.spyOn(Organization.prototype, "purge").mockImplementation(async (name) => {
      if (name === world.slug) return world.organizationId;
      throw new Error("gone");
    });
    const purged = await isolate.admin("POST", "/admin/cache/purge", { organization_id: world.slug });
    expect(purged.status).toBe(200);
    expect(purge).toHaveBeenCalledTimes(2);
    expect(logLines().at(-1)).toMatchObject({ degraded: ["organization_object"] });
    clock.at(LEASE_SECONDS);
    for (const reader of [isolate, createIsolate()])
      expect(await countIn(await read(metricsPath(), reader))).toBe(4);
  });

  test("is not undone by a read of its metrics that began before it", async () => {
    const open = deferred<void>();
    world.upstream.answer(async ({ url }) => {
      const old = await world.respond(url).text();
      await open.promise;
      return json(old);
    });
    const before = read(metricsPath());
    await new Promise((resolve) => setTimeout(resolve, 50));
    await isolate.admin("POST", "/admin/cache/purge", { organization_id: world.organizationId });
    world.memberCount = 5;
    world.upstream.answer(({ url }) => world.respond(url));
    open.resolve();
    await before;
    clock.at(LEASE_SECONDS);
    for (const reader of [isolate, createIsolate()]) {
      expect(await countIn(await read(metricsPath(), reader))).toBe(5);
    }
  });
});

test("a purge of the project's policy ends it, and no organization", async () => {
  await read("/v1/b2b/rbac/policy");
  await read(metricsPath());
  const purged = await isolate.admin("POST", "/admin/cache/purge", { rbac_policy: true });
  expect([purged.status, await purged.json()]).toEqual([200, { purged: "rbac_policy" }]);
  expect((await read("/v1/b2b/rbac/policy")).headers.get("Cache-Status")).toMatch(/fwd=miss/);
  expect((await read(metricsPath())).headers.get("Cache-Status")).toMatch(/hit/);
  const { events } = await (await isolate.admin("GET", "/admin/audit?limit=200")).json<{ events: Json[] }>();
  expect(events).toContainEqual(
    expect.objectContaining({ action: "cache.purged", detail: { rbac_policy: true, by: "admin" } }),
  );
});

test.each([
  {},
  { rbac_policy: false },
  { rbac_policy: true, organization_id: "acme" },
  { rbac_policy: "true" },
])("a purge of %j is 400", async (body) => {
  const response = await isolate.admin("POST", "/admin/cache/purge", body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error_type: "invalid_request" });
});
