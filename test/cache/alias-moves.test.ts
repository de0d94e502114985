/** Aliases that move between organizations: no organization is answered in place of another. */
import { evictAllDurableObjects } from "cloudflare:test";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Organization } from "../../src/cache/object/organization.ts";
import { Directory } from "../../src/directory/directory.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { kvThat } from "../support/fakes.ts";
import { OrganizationsAtStytch, readOrganizationId } from "../support/organizations.ts";
import { organizationPath } from "../support/paths.ts";
import { deferred, json, stytchError } from "../support/upstream.ts";

const { at } = useClock();
const LEASE = 5;

let admin: TestIsolate;
let stytch: OrganizationsAtStytch;
let key: string;
let forcingKey: string;

beforeEach(async () => {
  stytch = new OrganizationsAtStytch(2);
  admin = createIsolate();
  ({ key } = await createKey(admin, ["organizations:read"]));
  ({ key: forcingKey } = await createKey(admin, ["organizations:read", "cache:refresh"]));
});

const whose = async (reader: TestIsolate, identifier: string) =>
  await readOrganizationId(reader, key, identifier);
const refresh = async (identifier: string, reader = admin) =>
  await reader.call(organizationPath(identifier), {
    key: forcingKey,
    headers: { "Postern-Cache": "refresh" },
  });

describe("a swapped slug", () => {
  let slugs: [string, string];
  let far: TestIsolate;
  let near: TestIsolate;

  beforeEach(async () => {
    slugs = [stytch.slugOf(0), stytch.slugOf(1)];
    near = createIsolate();
    for (const reader of [admin, near]) {
      for (const name of [stytch.idOf(0), stytch.idOf(1), ...slugs])
        await reader.call(organizationPath(name), { key });
    }
    far = createIsolate({ ORGANIZATIONS: await kvThat.lags(stytch.idOf(0), stytch.idOf(1), ...slugs) });
    for (const name of slugs) await far.call(organizationPath(name), { key });
    stytch.change(0, { organization_slug: slugs[1] });
    stytch.change(1, { organization_slug: slugs[0] });
  });

  test.each([0, 1])(
    "a swapped slug names its new owner a lease after organization %i was refreshed",
    async (refreshed) => {
      await refresh(stytch.idOf(refreshed));
      for (const index of [0, 1] as const) {
        expect(await whose(admin, slugs[index])).toBe(stytch.idOf(1 - index));
      }
      at(LEASE);
      for (const reader of [near, far, createIsolate(), admin]) {
        for (const index of [0, 1] as const) {
          expect(await whose(reader, slugs[index])).toBe(stytch.idOf(1 - index));
          expect(await whose(reader, stytch.idOf(index))).toBe(stytch.idOf(index));
        }
      }
    },
  );

  test("a swapped slug names its new owner at once in the isolate of the refresh", async () => {
    await refresh(stytch.idOf(1), far);
    expect(await whose(far, slugs[0])).toBe(stytch.idOf(1));
  });

  test("a swapped slug names its new owner once a forced read asked for it", async () => {
    await refresh(slugs[0]);
    expect(await whose(admin, slugs[0])).toBe(stytch.idOf(1));
    at(LEASE);
    for (const reader of [near, far, createIsolate()])
      expect(await whose(reader, slugs[0])).toBe(stytch.idOf(1));
  });

  test("a swapped slug names its new owner once either organization is purged", async () => {
    await admin.admin("POST", "/admin/cache/purge", { organization_id: stytch.idOf(1) });
    at(LEASE);
    for (const reader of [near, far, createIsolate(), admin]) {
      await whose(reader, stytch.idOf(1));
      expect(await whose(reader, slugs[1])).toBe(stytch.idOf(0));
    }
    at(2 * LEASE);
    for (const reader of [near, far, createIsolate()])
      expect(await whose(reader, slugs[0])).toBe(stytch.idOf(1));
  });

  test("a swapped slug is known to have moved even after all objects were evicted", async () => {
    await evictAllDurableObjects();
    await refresh(stytch.idOf(1));
    at(LEASE);
    for (const reader of [near, far, createIsolate(), admin])
      expect(await whose(reader, slugs[0])).toBe(stytch.idOf(1));
  });

  test("swapped slugs are cached again after one read of each", async () => {
    await refresh(stytch.idOf(0));
    await refresh(stytch.idOf(1));
    at(LEASE);
    const names = [stytch.idOf(0), stytch.idOf(1), ...slugs];
    for (const name of names) await createIsolate().call(organizationPath(name), { key });
    const calls = stytch.upstream.requests.length;
    at(2 * LEASE);
    for (const reader of [createIsolate(), createIsolate()]) {
      for (const name of names) {
        expect((await reader.call(organizationPath(name), { key })).headers.get("Cache-Status")).toMatch(
          /hit/,
        );
      }
    }
    expect(stytch.upstream.requests).toHaveLength(calls);
  });

  test("a swapped slug that the Directory cannot list is answered right by the objects", async () => {
    vi.spyOn(Directory.prototype, "purge").mockImplementation(() => {
      throw new Error("gone");
    });
    await refresh(stytch.idOf(1));
    expect(await whose(admin, slugs[0])).toBe(stytch.idOf(1));
    await vi.waitFor(() =>
      expect(logLines()).toContainEqual(expect.objectContaining({ degraded: ["directory"] })),
    );
  });
});

describe("a renamed organization", () => {
  test("a renamed organization is found by its new slug alone, a lease after its refresh", async () => {
    const old = stytch.slugOf(0);
    const near = createIsolate();
    for (const name of [old, stytch.idOf(0)]) await near.call(organizationPath(name), { key });
    const far = createIsolate({ ORGANIZATIONS: await kvThat.lags(old, stytch.idOf(0)) });
    await far.call(organizationPath(old), { key });
    stytch.change(0, { organization_slug: `${old}-new` });
    await refresh(stytch.idOf(0));
    expect(await whose(admin, old)).toBe(404);
    at(LEASE);
    for (const reader of [near, far, createIsolate()]) {
      expect(await whose(reader, old)).toBe(404);
      expect(await whose(reader, `${old}-new`)).toBe(stytch.idOf(0));
    }
  });

  test("a renamed organization stays cached under its ID", async () => {
    stytch.change(0, { organization_slug: `${stytch.slugOf(0)}-new` });
    await refresh(stytch.idOf(0));
    at(LEASE);
    const status = (await createIsolate().call(organizationPath(stytch.idOf(0)), { key })).headers.get(
      "Cache-Status",
    );
    expect(status).toMatch(/hit/);
  });

  test("an organization whose external ID was removed is no longer found by it", async () => {
    stytch.change(0, { organization_external_id: "crm|7" });
    const near = createIsolate();
    expect(await whose(near, "crm|7")).toBe(stytch.idOf(0));
    stytch.change(0, { organization_external_id: null });
    await refresh(stytch.idOf(0));
    at(LEASE);
    for (const reader of [near, createIsolate()]) expect(await whose(reader, "crm|7")).toBe(404);
  });

  test("a slug that was 404 a moment ago is found once an answer has it", async () => {
    const name = `${stytch.slugOf(0)}-new`;
    expect(await whose(admin, name)).toBe(404);
    at(1);
    stytch.change(0, { organization_slug: name });
    await refresh(stytch.idOf(0));
    expect(await whose(createIsolate(), name)).toBe(stytch.idOf(0));
  });
});

describe("an alias that moves during its fetch", () => {
  test("an alias is fetched again if another organization was seen with it meanwhile", async () => {
    const slug = stytch.slugOf(0);
    const gate = deferred<void>();
    let held = false;
    stytch.upstream.answer(async ({ url }) => {
      const answer = stytch.respond(url);
      if (!url.endsWith(`/${slug}`) || held) return answer;
      held = true;
      const body = await answer.text();
      await gate.promise;
      return json(body);
    });
    const slow = whose(createIsolate(), slug);
    await vi.waitFor(() => expect(stytch.upstream.requests).toHaveLength(1));
    at(1);
    stytch.change(0, { organization_slug: `${slug}-old` });
    stytch.change(1, { organization_slug: slug });
    expect(await whose(createIsolate(), stytch.idOf(1))).toBe(stytch.idOf(1));
    gate.resolve();
    expect(await slow).toBe(stytch.idOf(1));
    expect(await whose(createIsolate(), slug)).toBe(stytch.idOf(1));
  });

  test("an alias whose fetch fails meanwhile is not fetched twice", async () => {
    const slug = stytch.slugOf(0);
    const gate = deferred<void>();
    stytch.upstream.answer(async ({ url }) => {
      if (!url.endsWith(`/${slug}`)) return stytch.respond(url);
      await gate.promise;
      return stytchError(503, "x");
    });
    const slow = whose(createIsolate(), slug);
    await vi.waitFor(() => expect(stytch.upstream.requests).toHaveLength(1));
    at(1);
    await whose(createIsolate(), stytch.idOf(0));
    gate.resolve();
    expect(await slow).toBe(503);
    expect(stytch.upstream.requests).toHaveLength(2);
  });
});

test("aliases are told to their objects once, and not at each refresh", async () => {
  const moved = vi.spyOn(Organization.prototype, "aliasChanged");
  await whose(admin, stytch.idOf(0));
  expect(moved).toHaveBeenCalledTimes(1);
  for (const seconds of [61, 122]) {
    at(seconds);
    await evictAllDurableObjects();
    await refresh(stytch.idOf(0));
  }
  expect(moved).toHaveBeenCalledTimes(1);
});
