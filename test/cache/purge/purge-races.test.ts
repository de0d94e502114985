/** Races with a purge: nothing that was requested before it comes back, in whatever order answers arrive. */
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { Organization } from "../../../src/cache/object/organization.ts";
import { organizationEnvelope } from "../../support/bodies.ts";
import { kvKey, nameIn, statusOf } from "../../support/cached.ts";
import { createIsolate } from "../../support/deployment.ts";
import {
  isolate as admin,
  path as byId,
  slugPath as bySlug,
  key,
  org,
  upstream,
  useOrganization,
} from "../../support/one-organization.ts";
import { deferred, json, stytchError } from "../../support/upstream.ts";

const { at } = useOrganization();
const LEASE = 5;

const purge = async (name: unknown = org["organization_id"]) =>
  await admin.admin("POST", "/admin/cache/purge", { organization_id: name });

/** What was written to KV. */
const bodiesOf = (put: { mock: { calls: unknown[][] } }) =>
  put.mock.calls.map(([, body]) =>
    typeof body === "string" ? body : new TextDecoder().decode(body as Uint8Array),
  );

describe("a request in flight", () => {
  /** Answers by hand, in the order of the requests. Made here: a promise belongs to the object that made it. */
  function byHand() {
    const gates = [1, 2, 3, 4].map(() => deferred<() => Response>());
    let calls = 0;
    upstream.answer(async () => {
      const gate = gates[calls++];
      if (gate === undefined) throw new Error("more calls of Stytch than were expected");
      return (await gate.promise)();
    });
    const called = async (times: number) => await vi.waitFor(() => expect(calls).toBe(times));
    return { gates, called };
  }
  const version = (name: string) => () => json(organizationEnvelope({ ...org, organization_name: name }));

  test.each(["ID", "slug"])(
    "a request by %s in flight at a purge is repeated for all who wait",
    async (by) => {
      const path = by === "ID" ? byId : bySlug;
      const { gates, called } = byHand();
      const before = createIsolate().call(path, { key });
      await called(1);
      await purge();
      const after = createIsolate().call(path, { key });
      await scheduler.wait(20);
      await called(1);
      gates[0]?.resolve(version("Purged"));
      await called(2);
      gates[1]?.resolve(version("New"));
      expect(await nameIn(await before)).toBe("New");
      expect(await nameIn(await after)).toBe("New");
      for (const reader of [admin, createIsolate()])
        expect(await nameIn(await reader.call(byId, { key }))).toBe("New");
      expect(upstream.requests).toHaveLength(2);
    },
  );

  test("a request by slug in flight when the ID is purged does not restore the entry", async () => {
    const { gates, called } = byHand();
    const written = vi.spyOn(Object.getPrototypeOf(env.ORGANIZATIONS) as KVNamespace, "put");
    const slow = createIsolate().call(bySlug, { key });
    await called(1);
    await purge();
    const read = admin.call(byId, { key });
    await called(2);
    gates[1]?.resolve(version("New"));
    expect(await nameIn(await read)).toBe("New");
    gates[0]?.resolve(version("Purged"));
    await called(3);
    gates[2]?.resolve(version("New"));
    expect(await nameIn(await slow)).toBe("New");
    at(LEASE);
    for (const path of [byId, bySlug])
      expect(await nameIn(await createIsolate().call(path, { key }))).toBe("New");
    const bodies = bodiesOf(written);
    expect(bodies.filter((body) => body.includes("New"))).toHaveLength(1);
    expect(bodies.filter((body) => body.includes("Purged"))).toEqual([]);
  });

  test("a request by ID in flight when the slug is purged is not served later", async () => {
    const { gates, called } = byHand();
    const slow = createIsolate().call(byId, { key });
    await called(1);
    await purge(org["organization_slug"]);
    gates[0]?.resolve(version("Purged"));
    await slow;
    upstream.answer(version("New"));
    at(LEASE);
    for (const reader of [createIsolate(), admin])
      expect(await nameIn(await reader.call(byId, { key }))).toBe("New");
  });

  test("a request longer than a lease does not return an entry purged meanwhile", async () => {
    const purged = vi.spyOn(Organization.prototype, "purge").mockRejectedValue(new Error("gone"));
    const { gates, called } = byHand();
    const slow = createIsolate().call(byId, { key });
    await called(1);
    expect((await purge()).status).toBe(200);
    expect(purged).toHaveBeenCalled();
    at(LEASE + 1);
    gates[0]?.resolve(version("Purged"));
    await called(2);
    gates[1]?.resolve(version("New"));
    expect(await nameIn(await slow)).toBe("New");
  });

  test("a request by slug in flight when the ID is purged is never written to KV", async () => {
    const { gates, called } = byHand();
    const written = vi.spyOn(Object.getPrototypeOf(env.ORGANIZATIONS) as KVNamespace, "put");
    const slow = createIsolate().call(bySlug, { key });
    await called(1);
    await purge();
    gates[0]?.resolve(version("Purged"));
    await called(2);
    gates[1]?.resolve(version("New"));
    expect(await nameIn(await slow)).toBe("New");
    const bodies = bodiesOf(written);
    expect(bodies.filter((body) => body.includes("Purged"))).toEqual([]);
  });

  test("a direct request carries its isolate's purge epoch, and is not repeated", async () => {
    const gone = () => Promise.reject(new Error("gone"));
    const alone = createIsolate({ ORGANIZATION: { getByName: () => ({ read: gone, purge: gone }) } });
    await alone.admin("POST", "/admin/cache/purge", { organization_id: org["organization_slug"] });
    expect((await alone.call(byId, { key })).status).toBe(200);
    expect(statusOf(await alone.call(byId, { key }))).toMatch(/hit/);
    expect(upstream.requests).toHaveLength(1);
  });

  test("a request in flight at a purge that ends in 404 is repeated", async () => {
    const { gates, called } = byHand();
    const waiting = createIsolate().call(byId, { key });
    await called(1);
    await purge();
    gates[0]?.resolve(() => stytchError(404, "organization_not_found"));
    await called(2);
    gates[1]?.resolve(version("New"));
    expect((await waiting).status).toBe(200);
  });

  test("a refresh begun before a purge does not restore the entry", async () => {
    await admin.call(byId, { key });
    at(72);
    const { gates, called } = byHand();
    const reader = createIsolate();
    expect((await reader.callUntilResponse(byId, { key })).status).toBe(200);
    await called(1);
    await purge();
    gates[0]?.resolve(version("Purged"));
    await called(2);
    gates[1]?.resolve(version("New"));
    await scheduler.wait(20);
    at(72 + LEASE);
    for (const next of [reader, admin, createIsolate()])
      expect(await nameIn(await next.call(byId, { key }))).toBe("New");
  });

  test("a direct request in flight at a purge does not restore the entry", async () => {
    const { gates, called } = byHand();
    const alone = createIsolate({
      ORGANIZATION: {
        getByName: () => ({ read: () => Promise.reject(new Error("gone")), purge: async () => {} }),
      },
    });
    const slow = alone.call(byId, { key });
    await called(1);
    await alone.admin("POST", "/admin/cache/purge", { organization_id: org["organization_id"] });
    gates[0]?.resolve(version("Purged"));
    await called(2);
    gates[1]?.resolve(version("New"));
    expect(await nameIn(await slow)).toBe("New");
    expect(await nameIn(await alone.call(byId, { key }))).toBe("New");
  });
});

test("a 404 in flight at a purge is asked for again, even if its object was not told", async () => {
  const gate = deferred<() => Response>();
  upstream.answer(async () => (await gate.promise)());
  const waiting = admin.call(byId, { key });
  await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
  vi.spyOn(Organization.prototype, "purge").mockRejectedValue(new Error("gone"));
  await purge();
  upstream.answer(() => json(organizationEnvelope(org)));
  gate.resolve(() => stytchError(404, "organization_not_found"));
  expect((await waiting).status).toBe(200);
});

describe("two refreshes in two objects", () => {
  test("refreshes of two objects that finish out of order leave the later one", async () => {
    await admin.call(byId, { key });
    await admin.call(bySlug, { key });
    at(130);
    const gates = { [byId]: deferred<void>(), [bySlug]: deferred<void>() };
    const names = { [byId]: "Later", [bySlug]: "Earlier" };
    upstream.answer(async ({ url }) => {
      const path = new URL(url).pathname;
      await gates[path]?.promise;
      return json(organizationEnvelope({ ...org, organization_name: names[path] }));
    });
    const earlier = createIsolate().call(bySlug, { key });
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(3));
    at(131);
    const later_ = createIsolate().call(byId, { key });
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(4));
    gates[byId]?.resolve();
    expect(await nameIn(await later_)).toBe("Later");
    gates[bySlug]?.resolve();
    await earlier;
    for (const path of [byId, bySlug])
      expect(await nameIn(await createIsolate().call(path, { key }))).toBe("Later");
    expect(String(await env.ORGANIZATIONS.get(kvKey(org["organization_id"])))).toContain("Later");
  });
});
