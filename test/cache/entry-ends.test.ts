/** What Stytch says is over: not hidden, and told everywhere. */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { Directory } from "../../src/directory/directory.ts";
import { organization } from "../support/bodies.ts";
import { kvKey } from "../support/cached.ts";
import { createIsolate, createKey } from "../support/deployment.ts";
import { kvThat } from "../support/fakes.ts";
import {
  change,
  isolate,
  key,
  org,
  path,
  upstream,
  useCachedOrganization,
} from "../support/one-organization.ts";
import { organizationPath } from "../support/paths.ts";
import { deferred, stytchError } from "../support/upstream.ts";

const { at } = useCachedOrganization();

describe("a 404 or 400 about the organization", () => {
  test.each<[string, () => Response, number]>([
    ["404", () => stytchError(404, "organization_not_found"), 404],
    ["400", () => stytchError(400, "bad_request"), 400],
    ["404 about the ID", () => stytchError(404, "invalid_organization_id"), 404],
    ["400 about the slug", () => stytchError(400, "invalid_organization_slug"), 400],
  ])(
    "a %s ends an entry at once in memory and KV, even if its object was evicted",
    async (_, answer, status) => {
      at(72);
      await evictAllDurableObjects();
      upstream.answer(answer);
      const reader = createIsolate();
      // The stale answer goes out; what comes behind it ends the entry.
      expect((await reader.call(path, { key })).status).toBe(200);
      for (const next of [reader, createIsolate()])
        expect((await next.call(path, { key })).status).toBe(status);
      expect(await env.ORGANIZATIONS.get(kvKey(org["organization_id"]))).toBeNull();
    },
  );

  test("a 404 to a forced read ends the entry, even if its object was evicted", async () => {
    const { key: may } = await createKey(isolate, ["organizations:read", "cache:refresh"]);
    await evictAllDurableObjects();
    upstream.answer(() => stytchError(404, "organization_not_found"));
    const forced = await isolate.call(path, { key: may, headers: { "Postern-Cache": "refresh" } });
    expect(forced.status).toBe(404);
    for (const next of [isolate, createIsolate()]) expect((await next.call(path, { key })).status).toBe(404);
    expect(await env.ORGANIZATIONS.get(kvKey(org["organization_id"]))).toBeNull();
  });

  test("a 404 beats what KV goes on showing, and memory if KV fails", async () => {
    const before = await env.ORGANIZATIONS.getWithMetadata(kvKey(org["organization_id"]), "arrayBuffer");
    let kv: () => Promise<unknown> = async () => ({
      value: before.value?.slice(0) ?? null,
      metadata: before.metadata,
    });
    const reader = createIsolate({ ORGANIZATIONS: { getWithMetadata: () => kv() } });
    upstream.answer(() => stytchError(404, "organization_not_found"));
    at(72);
    expect((await reader.call(path, { key })).status).toBe(200);
    expect((await reader.call(path, { key })).status).toBe(404);
    at(83);
    expect((await reader.call(path, { key })).status).toBe(404);
    kv = () => Promise.reject(new Error("down"));
    expect((await reader.call(path, { key })).status).toBe(404);
  });

  test("a 404 holds in every isolate within LEASE_SECONDS, whatever KV shows", async () => {
    const { value, metadata } = await env.ORGANIZATIONS.getWithMetadata(
      kvKey(org["organization_id"]),
      "arrayBuffer",
    );
    const lagging = { getWithMetadata: async () => ({ value: value?.slice(0) ?? null, metadata }) };
    const far = createIsolate({ ORGANIZATIONS: lagging });
    expect((await far.call(path, { key })).status).toBe(200);
    const { key: may } = await createKey(isolate, ["organizations:read", "cache:refresh"]);
    upstream.answer(() => stytchError(404, "organization_not_found"));
    const before = upstream.requests.length;
    await isolate.call(path, { key: may, headers: { "Postern-Cache": "refresh" } });
    await vi.waitFor(async () =>
      expect(await env.ORGANIZATIONS.get(kvKey(org["organization_id"]))).toBeNull(),
    );
    at(5);
    for (const reader of [far, createIsolate({ ORGANIZATIONS: lagging }), isolate]) {
      expect((await reader.call(path, { key })).status).toBe(404);
    }
    expect(upstream.requests).toHaveLength(before + 1);
  });

  test("a 404 holds everywhere even if KV took nothing and all objects were evicted", async () => {
    vi.spyOn(scheduler, "wait").mockImplementation(async () => {});
    vi.spyOn(Object.getPrototypeOf(env.ORGANIZATIONS) as KVNamespace, "put").mockRejectedValue(
      new Error("429"),
    );
    change(organization());
    const paths = [org["organization_id"], org["organization_slug"]].map((name) =>
      organizationPath(String(name)),
    );
    const down = kvThat.fails();
    const reader = createIsolate({ ORGANIZATIONS: down });
    for (const target of paths) expect((await reader.call(target, { key })).status).toBe(200);
    await evictAllDurableObjects();
    upstream.answer(() => stytchError(404, "organization_not_found"));
    for (const target of paths) expect((await createIsolate().call(target, { key })).status).toBe(404);
    upstream.answer(() => stytchError(500, "x"));
    at(11);
    for (const target of paths) expect((await reader.call(target, { key })).status).toBe(503);
  });

  test("a 404 that is asked for again and again lists one purge", async () => {
    const listed = vi.spyOn(Directory.prototype, "purge");
    upstream.answer(() => stytchError(404, "organization_not_found"));
    for (const seconds of [121, 140, 160, 180]) {
      at(seconds);
      await evictAllDurableObjects();
      expect((await createIsolate().call(path, { key })).status).toBe(404);
    }
    await vi.waitFor(() => expect(listed).toHaveBeenCalledTimes(1));
    expect(upstream.requests.length).toBeGreaterThan(3);
  });

  test("a 404 of an unknown name lists no purge: callers cannot fill the list", async () => {
    const { key: may } = await createKey(isolate, ["organizations:read", "cache:refresh"]);
    upstream.answer(() => stytchError(404, "organization_not_found"));
    const listed = vi.spyOn(Directory.prototype, "purge");
    const down = createIsolate({
      ORGANIZATIONS: kvThat.fails(),
    });
    for (const reader of [isolate, down]) {
      for (const headers of [{ "Postern-Cache": "refresh" }, {}] as Record<string, string>[]) {
        const unknown = organizationPath(`organization-test-${crypto.randomUUID()}`);
        expect((await reader.call(unknown, { key: may, headers })).status).toBe(404);
      }
    }
    await scheduler.wait(20);
    expect(listed).not.toHaveBeenCalled();
  });

  test("a 404 deletes from KV what a slow earlier write puts there", async () => {
    at(121);
    const put = deferred<void>();
    const real = env.ORGANIZATIONS.put.bind(env.ORGANIZATIONS);
    vi.spyOn(Object.getPrototypeOf(env.ORGANIZATIONS) as KVNamespace, "put").mockImplementationOnce((async (
      ...args: Parameters<typeof real>
    ) => {
      await put.promise;
      return await real(...args);
    }) as never);
    await createIsolate().callUntilResponse(path, { key });
    at(250);
    upstream.answer(() => stytchError(404, "organization_not_found"));
    await createIsolate().callUntilResponse(path, { key });
    put.resolve();
    await scheduler.wait(50);
    expect(await env.ORGANIZATIONS.get(kvKey(org["organization_id"]))).toBeNull();
  });

  test("a 404 is never hidden by an older entry", async () => {
    at(121);
    upstream.answer(() => stytchError(404, "organization_not_found"));
    expect((await createIsolate().call(path, { key })).status).toBe(404);
  });
});
