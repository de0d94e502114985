/** Names that move: renames, swaps, and texts that mean two things. No organization is answered in place of another. */
import { evictAllDurableObjects } from "cloudflare:test";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Directory } from "../../src/directory/directory.ts";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { kvThat } from "../support/fakes.ts";
import { logLines } from "../support/guard.ts";
import { organizationPath } from "../support/paths.ts";
import { deferred, json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";

const { at } = useClock();
const LEASE = 5;

let admin: TestIsolate;
let upstream: Upstream;
let key: string;
let may: string;
/** What Stytch has. */
let organizations: Json[];

beforeEach(async () => {
  organizations = [organization(), organization()];
  upstream = stubUpstream(({ url }) => answerTo(url));
  admin = createIsolate();
  ({ key } = await createKey(admin, ["organizations:read"]));
  ({ key: may } = await createKey(admin, ["organizations:read", "cache:refresh"]));
});
/** As Stytch: by ID, else by slug, else by external ID. */
function answerTo(url: string): Response {
  const name = decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "");
  for (const field of ["organization_id", "organization_slug", "organization_external_id"]) {
    const found = organizations.find((one) => one[field] === name);
    if (found !== undefined) return json(organizationEnvelope(found));
  }
  return stytchError(404, "organization_not_found");
}

const pathOf = (name: unknown) => organizationPath(String(name));
const idOf = (index: number) => String(organizations[index]?.["organization_id"]);
const slugOf = (index: number) => String(organizations[index]?.["organization_slug"]);
const change = (index: number, fields: Json) => {
  organizations = organizations.map((one, i) => (i === index ? { ...one, ...fields } : one));
};
/** The ID of the organization that the caller is answered with, or the status. */
async function whose(reader: TestIsolate, name: unknown): Promise<unknown> {
  const answer = await reader.call(pathOf(name), { key });
  if (answer.status !== 200) return answer.status;
  return (await answer.json<{ organization: Json }>()).organization["organization_id"];
}
const refresh = async (name: unknown, reader = admin) =>
  await reader.call(pathOf(name), { key: may, headers: { "Postern-Cache": "refresh" } });
describe("a swapped slug", () => {
  let slugs: [string, string];
  let far: TestIsolate;
  let near: TestIsolate;

  beforeEach(async () => {
    slugs = [slugOf(0), slugOf(1)];
    near = createIsolate();
    for (const reader of [admin, near]) {
      for (const name of [idOf(0), idOf(1), ...slugs]) await reader.call(pathOf(name), { key });
    }
    far = createIsolate({ ORGANIZATIONS: await kvThat.lags(idOf(0), idOf(1), ...slugs) });
    for (const name of slugs) await far.call(pathOf(name), { key });
    change(0, { organization_slug: slugs[1] });
    change(1, { organization_slug: slugs[0] });
  });

  test.each([0, 1])(
    "a swapped slug names its new owner a lease after organization %i was refreshed",
    async (refreshed) => {
      await refresh(idOf(refreshed));
      for (const index of [0, 1] as const) {
        expect(await whose(admin, slugs[index])).toBe(idOf(1 - index));
      }
      at(LEASE);
      for (const reader of [near, far, createIsolate(), admin]) {
        for (const index of [0, 1] as const) {
          expect(await whose(reader, slugs[index])).toBe(idOf(1 - index));
          expect(await whose(reader, idOf(index))).toBe(idOf(index));
        }
      }
    },
  );

  test("a swapped slug names its new owner at once in the isolate of the refresh", async () => {
    await refresh(idOf(1), far);
    expect(await whose(far, slugs[0])).toBe(idOf(1));
  });

  test("a swapped slug names its new owner once a forced read asked for it", async () => {
    await refresh(slugs[0]);
    expect(await whose(admin, slugs[0])).toBe(idOf(1));
    at(LEASE);
    for (const reader of [near, far, createIsolate()]) expect(await whose(reader, slugs[0])).toBe(idOf(1));
  });

  test("a swapped slug names its new owner once either organization is purged", async () => {
    await admin.admin("POST", "/admin/cache/purge", { organization_id: idOf(1) });
    at(LEASE);
    for (const reader of [near, far, createIsolate(), admin]) {
      await whose(reader, idOf(1));
      expect(await whose(reader, slugs[1])).toBe(idOf(0));
    }
    at(2 * LEASE);
    for (const reader of [near, far, createIsolate()]) expect(await whose(reader, slugs[0])).toBe(idOf(1));
  });

  test("a swapped slug is known to have moved even after all objects were evicted", async () => {
    await evictAllDurableObjects();
    await refresh(idOf(1));
    at(LEASE);
    for (const reader of [near, far, createIsolate(), admin])
      expect(await whose(reader, slugs[0])).toBe(idOf(1));
  });

  test("swapped slugs are cached again after one read of each", async () => {
    await refresh(idOf(0));
    await refresh(idOf(1));
    at(LEASE);
    const names = [idOf(0), idOf(1), ...slugs];
    for (const name of names) await createIsolate().call(pathOf(name), { key });
    const calls = upstream.requests.length;
    at(2 * LEASE);
    for (const reader of [createIsolate(), createIsolate()]) {
      for (const name of names) {
        expect((await reader.call(pathOf(name), { key })).headers.get("Cache-Status")).toMatch(/hit/);
      }
    }
    expect(upstream.requests).toHaveLength(calls);
  });

  test("a swapped slug that the Directory cannot list is answered right by the objects", async () => {
    vi.spyOn(Directory.prototype, "purge").mockImplementation(() => {
      throw new Error("gone");
    });
    await refresh(idOf(1));
    expect(await whose(admin, slugs[0])).toBe(idOf(1));
    await vi.waitFor(() =>
      expect(logLines()).toContainEqual(expect.objectContaining({ degraded: ["directory"] })),
    );
  });
});

describe("a renamed organization", () => {
  test("a renamed organization is found by its new slug alone, a lease after its refresh", async () => {
    const old = slugOf(0);
    const near = createIsolate();
    for (const name of [old, idOf(0)]) await near.call(pathOf(name), { key });
    const far = createIsolate({ ORGANIZATIONS: await kvThat.lags(old, idOf(0)) });
    await far.call(pathOf(old), { key });
    change(0, { organization_slug: `${old}-new` });
    await refresh(idOf(0));
    expect(await whose(admin, old)).toBe(404);
    at(LEASE);
    for (const reader of [near, far, createIsolate()]) {
      expect(await whose(reader, old)).toBe(404);
      expect(await whose(reader, `${old}-new`)).toBe(idOf(0));
    }
  });

  test("a renamed organization stays cached under its ID", async () => {
    change(0, { organization_slug: `${slugOf(0)}-new` });
    await refresh(idOf(0));
    at(LEASE);
    const status = (await createIsolate().call(pathOf(idOf(0)), { key })).headers.get("Cache-Status");
    expect(status).toMatch(/hit/);
  });

  test("an organization whose external ID was removed is no longer found by it", async () => {
    change(0, { organization_external_id: "crm|7" });
    const near = createIsolate();
    expect(await whose(near, "crm|7")).toBe(idOf(0));
    change(0, { organization_external_id: null });
    await refresh(idOf(0));
    at(LEASE);
    for (const reader of [near, createIsolate()]) expect(await whose(reader, "crm|7")).toBe(404);
  });

  test("a slug that was 404 a moment ago is found once an answer has it", async () => {
    const name = `${slugOf(0)}-new`;
    expect(await whose(admin, name)).toBe(404);
    at(1);
    change(0, { organization_slug: name });
    await refresh(idOf(0));
    expect(await whose(createIsolate(), name)).toBe(idOf(0));
  });
});

describe("a text that is one organization's slug and another's external ID", () => {
  test("a slug that is another's external ID means what Stytch says, and is cached", async () => {
    const text = slugOf(0);
    change(1, { organization_external_id: text });
    const readers = [createIsolate(), createIsolate()];
    for (const reader of [...readers, ...readers]) {
      for (const name of [idOf(1), text, idOf(0), text, idOf(1), text]) {
        expect(await whose(reader, name)).toBe(name === idOf(1) ? idOf(1) : idOf(0));
      }
    }
    at(LEASE);
    for (const name of [text, idOf(0), idOf(1)]) await whose(admin, name);
    const calls = upstream.requests.length;
    at(2 * LEASE);
    for (const reader of [createIsolate(), admin]) {
      for (const name of [idOf(1), text, idOf(0)]) {
        expect(await whose(reader, name)).toBe(name === idOf(1) ? idOf(1) : idOf(0));
      }
    }
    expect(upstream.requests).toHaveLength(calls);
  });
});

describe("an identifier that looks like an ID", () => {
  test("an ID that is another's slug or external ID is never answered with that one", async () => {
    const id = `organization-test-${crypto.randomUUID()}`;
    change(0, { organization_slug: id, organization_external_id: id });
    for (const name of [idOf(0), id, idOf(0), id]) {
      expect(await whose(createIsolate(), name)).toBe(name === id ? 502 : idOf(0));
    }
  });

  test("an ID without a UUID may be a slug, but names the organization with that ID", async () => {
    change(0, { organization_id: "org_1" });
    change(1, { organization_slug: "org_1" });
    for (const name of [idOf(1), "org_1", idOf(1), "org_1"]) {
      expect(await whose(createIsolate(), name)).toBe(name === "org_1" ? "org_1" : idOf(1));
    }
  });
});

describe("an alias that moves during its fetch", () => {
  test("an alias is fetched again if another organization was seen with it meanwhile", async () => {
    const slug = slugOf(0);
    const gate = deferred<void>();
    let held = false;
    upstream.answer(async ({ url }) => {
      const answer = answerTo(url);
      if (!url.endsWith(`/${slug}`) || held) return answer;
      held = true;
      const body = await answer.text();
      await gate.promise;
      return json(body);
    });
    const slow = whose(createIsolate(), slug);
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
    at(1);
    change(0, { organization_slug: `${slug}-old` });
    change(1, { organization_slug: slug });
    expect(await whose(createIsolate(), idOf(1))).toBe(idOf(1));
    gate.resolve();
    expect(await slow).toBe(idOf(1));
    expect(await whose(createIsolate(), slug)).toBe(idOf(1));
  });

  test("an alias whose fetch fails meanwhile is not fetched twice", async () => {
    const slug = slugOf(0);
    const gate = deferred<void>();
    upstream.answer(async ({ url }) => {
      if (!url.endsWith(`/${slug}`)) return answerTo(url);
      await gate.promise;
      return stytchError(503, "x");
    });
    const slow = whose(createIsolate(), slug);
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
    at(1);
    await whose(createIsolate(), idOf(0));
    gate.resolve();
    expect(await slow).toBe(503);
    expect(upstream.requests).toHaveLength(2);
  });
});

test("aliases are told to their objects once, and not at each refresh", async () => {
  const moved = vi.spyOn(
    (await import("../../src/cache/object/organization.ts")).Organization.prototype,
    "aliasChanged",
  );
  await whose(admin, idOf(0));
  expect(moved).toHaveBeenCalledTimes(1);
  for (const seconds of [61, 122]) {
    at(seconds);
    await evictAllDurableObjects();
    await refresh(idOf(0));
  }
  expect(moved).toHaveBeenCalledTimes(1);
});
