/**
 * What a key that is bound to organizations causes when it asks for another's name: exactly what it causes for a name
 * that nobody has, whatever other keys did with that name before. Counted is what is asked in front of the answer.
 */
import { evictAllDurableObjects } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { createIsolate } from "../support/deployment.ts";
import { settleObjects } from "../support/object-work.ts";
import { organizationPath } from "../support/paths.ts";
import {
  admin,
  bound,
  compare,
  type Event,
  nothing,
  observe,
  pairs,
  readElsewhere,
  readUnbound,
  requestsFor,
  unbound,
  useProbes,
} from "../support/probes.ts";

const clock = useProbes();

/** Before and after the probe is forgotten, within and after the lease, and in each state of an entry. */
const TIMES = [0, 1, 10.5, 58, 72, 130, 4_000];

describe.each<[string, Event]>([
  ["that nobody has read", nothing],
  ["that others read in the same isolate each time", readUnbound],
  ["that others read elsewhere each time", readElsewhere],
  [
    "that others read, with objects evicted each time",
    async (isolate, name) => {
      await readUnbound(isolate, name);
      await evictAllDurableObjects();
    },
  ],
])("a name %s", (_, before) => {
  test.each(["ID", "slug", "external ID"])(
    "another's %s costs a bound key what a missing one does",
    {
      timeout: 60_000,
    },
    async (kind) => {
      const names = pairs()[["ID", "slug", "external ID"].indexOf(kind)];
      if (names !== undefined) await compare(names, before, TIMES, {});
    },
  );
});

test("a name that others have read twice costs a bound key nothing less", { timeout: 60_000 }, async () => {
  for (const names of pairs()) {
    let reads = 0;
    const before: Event = async (isolate, name) => {
      reads += 1;
      if (reads <= 2) await readUnbound(isolate, name);
    };
    await compare(names, before, [0, 3, 11, 14, 80], {});
  }
});

test("a forced refresh of another's name costs a bound key what a missing one does", {
  timeout: 30_000,
}, async () => {
  for (const names of pairs())
    await compare(names, readUnbound, [0, 1, 12], { headers: { "Postern-Cache": "refresh" } });
});

test("a name is asked for once in CACHE_NEGATIVE_SECONDS, however hot it is for others", async () => {
  for (const { name } of pairs()) {
    clock.at(0);
    await readUnbound(admin, name);
    const before = requestsFor(name);
    for (const [seconds, asked] of [
      [1, 1],
      [2, 1],
      [10.9, 1],
      [11, 2],
      [20.9, 2],
    ] as const) {
      clock.at(seconds);
      await readUnbound(admin, name);
      expect((await admin.call(organizationPath(name), { key: bound })).status).toBe(404);
      expect(requestsFor(name) - before).toBe(asked);
    }
  }
});

test("an unbound key goes on hitting what a bound key may not see", async () => {
  for (const { name } of pairs()) {
    await readUnbound(admin, name);
    await admin.call(organizationPath(name), { key: bound });
    const hit = await observe(admin, name, { key: unbound });
    expect([hit.status, hit.kvReads, hit.objects, hit.upstream]).toEqual([200, 0, {}, 0]);
    expect((await createIsolate().call(organizationPath(name), { key: unbound })).status).toBe(200);
  }
});

test("a name that only a bound key has asked for is a hit for an unbound one", async () => {
  const [, slug] = pairs();
  if (slug === undefined) throw new Error("no slug");
  expect((await admin.call(organizationPath(slug.name), { key: bound })).status).toBe(404);
  await settleObjects();
  const response = await createIsolate().call(organizationPath(slug.name), { key: unbound });
  expect([response.status, requestsFor(slug.name)]).toEqual([200, 1]);
});

test("a purge of the name ends what is remembered for a bound key, before its isolate knows", async () => {
  const reader = createIsolate();
  for (const { name, missing } of pairs()) {
    for (const asked of [name, missing]) {
      await readUnbound(admin, asked);
      await reader.call(organizationPath(asked), { key: bound });
      const before = requestsFor(asked);
      await admin.admin("POST", "/admin/cache/purge", { organization_id: asked });
      expect((await reader.call(organizationPath(asked), { key: bound })).status).toBe(404);
      expect(requestsFor(asked) - before).toBe(1);
    }
  }
});
