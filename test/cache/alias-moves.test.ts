/** Names that move: renames, swaps, and texts that mean two things. No organization is answered in place of another. */
import { evictAllDurableObjects } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Directory } from "../../src/directory/directory.ts";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { kvThat } from "../support/fakes.ts";
import { logLines } from "../support/guard.ts";
import { deferred, json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";

const NOW = 1_800_000_000_000;
const LEASE = 5;

let admin: TestIsolate;
let upstream: Upstream;
let key: string;
let may: string;
/** What Stytch has. */
let organizations: Json[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  organizations = [organization(), organization()];
  upstream = stubUpstream(({ url }) => answerTo(url));
  admin = createIsolate();
  ({ key } = await createKey(admin, ["organizations:read"]));
  ({ key: may } = await createKey(admin, ["organizations:read", "cache:refresh"]));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
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

const at = (seconds: number) => vi.setSystemTime(NOW + seconds * 1_000);
const pathOf = (name: unknown) => `/v1/b2b/organizations/${encodeURIComponent(String(name))}`;
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
describe("a slug that two organizations have swapped", () => {
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
    "is not answered from the old one once organization %i has been refreshed: at once there, and within a lease everywhere",
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

  test("is not answered from the old one at once where the refresh was made, though KV goes on showing it", async () => {
    await refresh(idOf(1), far);
    expect(await whose(far, slugs[0])).toBe(idOf(1));
  });

  test("is not answered from the old one once it has been asked for anew by that slug", async () => {
    await refresh(slugs[0]);
    expect(await whose(admin, slugs[0])).toBe(idOf(1));
    at(LEASE);
    for (const reader of [near, far, createIsolate()]) expect(await whose(reader, slugs[0])).toBe(idOf(1));
  });

  test("is not answered from the old one once either has been purged", async () => {
    await admin.admin("POST", "/admin/cache/purge", { organization_id: idOf(1) });
    at(LEASE);
    for (const reader of [near, far, createIsolate(), admin]) {
      await whose(reader, idOf(1));
      expect(await whose(reader, slugs[1])).toBe(idOf(0));
    }
    at(2 * LEASE);
    for (const reader of [near, far, createIsolate()]) expect(await whose(reader, slugs[0])).toBe(idOf(1));
  });

  test("is known to have moved though every object was evicted since", async () => {
    await evictAllDurableObjects();
    await refresh(idOf(1));
    at(LEASE);
    for (const reader of [near, far, createIsolate(), admin])
      expect(await whose(reader, slugs[0])).toBe(idOf(1));
  });

  test("settles: after one more read of each, all is answered from the cache", async () => {
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

  test("where the Directory cannot list it, is answered rightly by the objects and where it was refreshed, with a line in the log", async () => {
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
  test("is found by its new name, and no longer by its old one, within a lease of its refresh", async () => {
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

  test("costs no second read of itself: only what bears its old name has ended", async () => {
    change(0, { organization_slug: `${slugOf(0)}-new` });
    await refresh(idOf(0));
    at(LEASE);
    const status = (await createIsolate().call(pathOf(idOf(0)), { key })).headers.get("Cache-Status");
    expect(status).toMatch(/hit/);
  });

  test("whose external ID was removed is no longer found by it", async () => {
    change(0, { organization_external_id: "crm|7" });
    const near = createIsolate();
    expect(await whose(near, "crm|7")).toBe(idOf(0));
    change(0, { organization_external_id: null });
    await refresh(idOf(0));
    at(LEASE);
    for (const reader of [near, createIsolate()]) expect(await whose(reader, "crm|7")).toBe(404);
  });

  test("is found by a name that was 404 a moment ago, as soon as an answer bears it", async () => {
    const name = `${slugOf(0)}-new`;
    expect(await whose(admin, name)).toBe(404);
    at(1);
    change(0, { organization_slug: name });
    await refresh(idOf(0));
    expect(await whose(createIsolate(), name)).toBe(idOf(0));
  });
});

describe("a text that is one organization's slug and another's external ID", () => {
  test("means what Stytch says it means, whichever was read last, and costs nothing once it is known", async () => {
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
  test("but is another's slug or external ID is never answered with that", async () => {
    const id = `organization-test-${crypto.randomUUID()}`;
    change(0, { organization_slug: id, organization_external_id: id });
    for (const name of [idOf(0), id, idOf(0), id]) {
      expect(await whose(createIsolate(), name)).toBe(name === id ? 502 : idOf(0));
    }
  });

  test("in a form that is no UUID may be a slug, and is the ID of whoever has it", async () => {
    change(0, { organization_id: "org_1" });
    change(1, { organization_slug: "org_1" });
    for (const name of [idOf(1), "org_1", idOf(1), "org_1"]) {
      expect(await whose(createIsolate(), name)).toBe(name === "org_1" ? "org_1" : idOf(1));
    }
  });
});

describe("a name that moves during its fetch", () => {
  test("is asked for again where another organization was seen to bear it meanwhile", async () => {
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

  test("that fails meanwhile is not asked for twice", async () => {
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

test("names are told to their objects once, and not at each refresh", async () => {
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
