/** Aliases that move away, back and away again: neither organization is answered in place of the other. */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test, vi } from "vitest";
import { Organization } from "../../src/cache/object/organization.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { OrganizationsAtStytch, readOrganizationId } from "../support/organizations.ts";

const { at } = useClock();
const LEASE = 5;

let stytch: OrganizationsAtStytch;
let admin: TestIsolate;
let key: string;
let name: string;

beforeEach(async () => {
  stytch = new OrganizationsAtStytch(2);
  admin = createIsolate();
  ({ key } = await createKey(admin, ["organizations:read", "cache:refresh"]));
  name = `moving-${crypto.randomUUID()}`;
});

const whose = async (reader: TestIsolate, identifier: string, headers = {}) =>
  await readOrganizationId(reader, key, identifier, headers);

const refresh = async (index: number) =>
  await whose(admin, stytch.idOf(index), { "Postern-Cache": "refresh" });

function move(alias: string, to: number): void {
  const from = 1 - to;
  if (alias === "slug") stytch.change(from, { organization_slug: `${name}-${from}` });
  else stytch.change(from, { organization_external_id: null });
  stytch.change(to, { [alias === "slug" ? "organization_slug" : "organization_external_id"]: name });
}

/** The alias names organization 0, goes to 1 and comes back, as an answer by the alias tells. */
async function moveAndReturn(alias: string): Promise<void> {
  move(alias, 0);
  expect(await whose(admin, name)).toBe(stytch.idOf(0));
  move(alias, 1);
  await refresh(1);
  at(LEASE);
  move(alias, 0);
  expect(await whose(admin, name)).toBe(stytch.idOf(0));
}

test.each(["slug", "external ID"])(
  "the second move of an alias (%s) is told by an answer by ID",
  async (alias) => {
    await moveAndReturn(alias);
    at(LEASE + 1);
    move(alias, 1);
    await refresh(1);
    at(2 * LEASE + 1);
    for (const reader of [admin, createIsolate()]) expect(await whose(reader, name)).toBe(stytch.idOf(1));
  },
);

test("the second move of an alias is told after the eviction of all objects", async () => {
  await moveAndReturn("slug");
  await evictAllDurableObjects();
  at(LEASE + 1);
  move("slug", 1);
  await refresh(1);
  at(2 * LEASE + 1);
  expect(await whose(admin, name)).toBe(stytch.idOf(1));
});

test("an organization that missed an alias leaving is told at the next answer", async () => {
  const left = vi.spyOn(Organization.prototype, "aliasLeft").mockRejectedValue(new Error("gone"));
  await moveAndReturn("slug");
  expect(left).toHaveBeenCalled();
  left.mockRestore();
  await whose(admin, name, { "Postern-Cache": "refresh" });
  at(LEASE + 1);
  move("slug", 1);
  await refresh(1);
  at(2 * LEASE + 1);
  expect(await whose(admin, name)).toBe(stytch.idOf(1));
});

test("refreshes without a move ask no object whether an alias has left", async () => {
  const left = vi.spyOn(Organization.prototype, "aliasLeft");
  const changed = vi.spyOn(Organization.prototype, "aliasChanged");
  move("slug", 0);
  await whose(admin, name);
  changed.mockClear();
  for (const identifier of [name, stytch.idOf(0)])
    await whose(admin, identifier, { "Postern-Cache": "refresh" });
  expect([left.mock.calls, changed.mock.calls]).toEqual([[], []]);
});

test("an organization whose entry is newer than a loss tells of its alias at once", async () => {
  move("slug", 1);
  at(1);
  await refresh(1);
  const changed = vi.spyOn(Organization.prototype, "aliasChanged");
  const object = env.ORGANIZATION.getByName(stytch.idOf(1));
  const answeredAt = Date.now();
  await object.aliasLeft(name, answeredAt + 1);
  expect(changed).not.toHaveBeenCalled();
  await object.aliasLeft(name, answeredAt - 1);
  expect(changed.mock.calls).toEqual([[name, stytch.idOf(1), answeredAt, true]]);
});
