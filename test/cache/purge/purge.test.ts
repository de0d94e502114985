/** Purges, from the admin call to every isolate: in force within `LEASE_SECONDS`, whatever KV shows. */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { Organization } from "../../../src/cache/object/organization.ts";
import { organizationEnvelope } from "../../support/bodies.ts";
import { kvKey, nameIn, statusOf } from "../../support/cached.ts";
import { createIsolate, createKey } from "../../support/deployment.ts";
import { kvThat } from "../../support/fakes.ts";
import {
  isolate as admin,
  path as byId,
  slugPath as bySlug,
  change,
  key,
  org,
  rename,
  upstream,
  useOrganization,
} from "../../support/one-organization.ts";
import { organizationPath } from "../../support/paths.ts";
import { deferred, json, stytchError } from "../../support/upstream.ts";

const { at } = useOrganization();
const LEASE = 5;

const purge = async (name: unknown = org["organization_id"]) =>
  await admin.admin("POST", "/admin/cache/purge", { organization_id: name });

describe("a purge", () => {
  test("a purge holds at once where it was made, and everywhere within LEASE_SECONDS", async () => {
    await admin.call(byId, { key });
    const far = createIsolate({ ORGANIZATIONS: await kvThat.lags(org["organization_id"]) });
    const near = createIsolate();
    for (const reader of [far, near])
      expect(await nameIn(await reader.call(byId, { key }))).not.toBe("Renamed");
    rename("Renamed");
    expect(await (await purge()).json()).toEqual({ purged: org["organization_id"] });
    expect(await env.ORGANIZATIONS.get(kvKey(org["organization_id"]))).toBeNull();
    expect(await nameIn(await admin.call(byId, { key }))).toBe("Renamed");
    at(LEASE);
    for (const reader of [
      far,
      near,
      createIsolate({ ORGANIZATIONS: await kvThat.lags(org["organization_id"]) }),
    ]) {
      expect(await nameIn(await reader.call(byId, { key }))).toBe("Renamed");
    }
    expect(upstream.requests).toHaveLength(2);
  });

  test("one read after a purge makes hits in every isolate again", async () => {
    await admin.call(byId, { key });
    await purge();
    await createIsolate().call(byId, { key });
    for (const reader of [admin, createIsolate(), createIsolate()]) {
      expect(statusOf(await reader.call(byId, { key }))).toMatch(/^postern; hit; ttl=60/);
    }
    expect(upstream.requests).toHaveLength(2);
  });

  test.each(["organization_slug", "organization_external_id"])(
    "a purge by %s ends the entry under all its identifiers",
    async (name) => {
      const paths = [
        byId,
        bySlug,
        `/v1/b2b/organizations/${encodeURIComponent(String(org["organization_external_id"]))}`,
      ];
      const reader = createIsolate();
      for (const path of paths) await reader.call(path, { key });
      rename("Renamed");
      expect((await purge(org[name])).status).toBe(200);
      at(LEASE);
      for (const path of paths) expect(await nameIn(await reader.call(path, { key }))).toBe("Renamed");
    },
  );

  test("a purge of an ID in another case purges the organization", async () => {
    await admin.call(byId, { key });
    rename("Renamed");
    await purge(
      String(org["organization_id"]).toUpperCase().replace("ORGANIZATION-TEST", "organization-test"),
    );
    expect(await nameIn(await admin.call(byId, { key }))).toBe("Renamed");
  });

  test("a purge of an external ID in the form of an ID in another case purges the organization", async () => {
    const externalId = `ORGANIZATION-test-${crypto.randomUUID().toUpperCase()}`;
    change({ organization_external_id: externalId });
    const path = organizationPath(externalId);
    await admin.call(path, { key });
    rename("Renamed");
    await purge(externalId);
    expect(await nameIn(await admin.call(path, { key }))).toBe("Renamed");
  });

  test("a purge ends a negative entry", async () => {
    upstream.answer(() => stytchError(404, "organization_not_found"));
    const reader = createIsolate();
    expect((await reader.call(bySlug, { key })).status).toBe(404);
    upstream.answer(() => json(organizationEnvelope(org)));
    expect((await reader.call(bySlug, { key })).status).toBe(404);
    await purge(org["organization_slug"]);
    expect((await reader.call(bySlug, { key })).status).toBe(200);
  });

  test("a purged entry does not hide a failing Stytch", async () => {
    await admin.call(byId, { key });
    const far = createIsolate({ ORGANIZATIONS: await kvThat.lags(org["organization_id"]) });
    await far.call(byId, { key });
    upstream.answer(() => stytchError(503, "x"));
    await purge();
    at(LEASE);
    for (const reader of [
      admin,
      far,
      createIsolate({ ORGANIZATIONS: await kvThat.lags(org["organization_id"]) }),
    ]) {
      expect((await reader.call(byId, { key })).status).toBe(503);
    }
  });

  test("an entry purged during a failing request does not hide the failure", async () => {
    await admin.call(byId, { key });
    at(130);
    const fail = deferred<void>();
    upstream.answer(async () => {
      await fail.promise;
      return stytchError(503, "x");
    });
    const waiting = admin.call(byId, { key });
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(2));
    // The object does not know of it.
    vi.spyOn(Organization.prototype, "purge").mockImplementation(async () => null);
    await purge();
    fail.resolve();
    expect((await waiting).status).toBe(503);
  });

  test("a purge ends an entry and a 404 whose objects were not told", async () => {
    upstream.answer(({ url }) =>
      url.endsWith(byId) ? json(organizationEnvelope(org)) : stytchError(404, "organization_not_found"),
    );
    expect((await admin.call(byId, { key })).status).toBe(200);
    expect((await admin.call(bySlug, { key })).status).toBe(404);
    vi.spyOn(Organization.prototype, "purge").mockRejectedValue(new Error("gone"));
    rename("Renamed");
    upstream.answer(() => json(organizationEnvelope(org)));
    for (const name of ["organization_id", "organization_slug"]) await purge(org[name]);
    at(LEASE);
    for (const reader of [createIsolate(), admin]) {
      for (const path of [byId, bySlug])
        expect(await nameIn(await reader.call(path, { key }))).toBe("Renamed");
    }
  });

  test("a purge by slug deletes the body from KV, too", async () => {
    await admin.call(bySlug, { key });
    expect(await env.ORGANIZATIONS.get(kvKey(org["organization_id"]))).not.toBeNull();
    await purge(org["organization_slug"]);
    await vi.waitFor(async () =>
      expect(await env.ORGANIZATIONS.get(kvKey(org["organization_id"]))).toBeNull(),
    );
  });

  test("a purge is not undone by an answer of a machine whose clock is behind", async () => {
    at(10);
    await admin.call(byId, { key });
    rename("Renamed");
    await purge();
    at(9);
    for (const reader of [admin, createIsolate()]) {
      expect(await nameIn(await reader.call(byId, { key }))).toBe("Renamed");
    }
  });

  test("a purge of an unknown name succeeds, and costs no upstream call", async () => {
    const answer = await purge("organization-nobody-knows");
    expect([answer.status, await answer.json()]).toEqual([200, { purged: "organization-nobody-knows" }]);
    expect(upstream.requests).toHaveLength(0);
  });

  test("a purge holds even if all objects were evicted and the KV delete was lost", async () => {
    await admin.call(byId, { key });
    const kv = await kvThat.lags(org["organization_id"]);
    rename("Renamed");
    await purge();
    await evictAllDurableObjects();
    at(LEASE);
    const reader = createIsolate({ ORGANIZATIONS: kv });
    expect(await nameIn(await reader.call(byId, { key }))).toBe("Renamed");
    expect(statusOf(await reader.call(byId, { key }))).toMatch(/hit/);
  });

  test("a purge costs one upstream request, even if a new isolate forces the next read", async () => {
    const { key: may } = await createKey(admin, ["organizations:read", "cache:refresh"]);
    await admin.call(byId, { key });
    await purge();
    await evictAllDurableObjects();
    const headers = { "Postern-Cache": "refresh" };
    expect((await createIsolate().call(byId, { key: may, headers })).status).toBe(200);
    expect(statusOf(await createIsolate().call(byId, { key }))).toMatch(/hit/);
    expect(upstream.requests).toHaveLength(2);
  });

  test("a purge is not undone by a read of an isolate that has not heard of it", async () => {
    const ignorant = createIsolate();
    await ignorant.call(byId, { key });
    rename("Renamed");
    await purge();
    at(1);
    await ignorant.call(bySlug, { key });
    at(LEASE);
    for (const reader of [ignorant, createIsolate()]) {
      for (const path of [byId, bySlug])
        expect(await nameIn(await reader.call(path, { key }))).toBe("Renamed");
    }
  });
});
