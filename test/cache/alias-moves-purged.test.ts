/** Answers that tell of an alias's move, but began before a purge: they are not served, yet the alias has moved. */
import { beforeEach, expect, test, vi } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { skipRetryDelays } from "../support/failing-upstream.ts";
import { OrganizationsAtStytch, readOrganizationId } from "../support/organizations.ts";
import { deferred, json, stytchError } from "../support/upstream.ts";

const { at } = useClock();
const LEASE = 5;

let admin: TestIsolate;
let stytch: OrganizationsAtStytch;
let key: string;

beforeEach(async () => {
  skipRetryDelays();
  stytch = new OrganizationsAtStytch(2);
  admin = createIsolate();
  ({ key } = await createKey(admin, ["organizations:read"]));
});

const whose = async (reader: TestIsolate, identifier: string) =>
  await readOrganizationId(reader, key, identifier);

/**
 * Reads the name while the organization is purged, before Stytch has answered. After that answer, Stytch fails. For a
 * lease, an isolate that has not heard of the purge may hide that.
 */
async function readDuringPurge(name: string, organizationId: string): Promise<void> {
  const gate = deferred<void>();
  let isAsked = false;
  stytch.upstream.answer(async ({ url }) => {
    if (isAsked) return stytchError(503, "x");
    isAsked = true;
    const body = await stytch.respond(url).text();
    await gate.promise;
    return json(body);
  });
  const slow = whose(createIsolate(), name);
  await vi.waitFor(() => expect(isAsked).toBe(true));
  await admin.admin("POST", "/admin/cache/purge", { organization_id: organizationId });
  gate.resolve();
  await slow;
}

test.each([
  ["slug", "ID"],
  ["slug", "slug"],
  ["external ID", "ID"],
  ["external ID", "external ID"],
])("an alias's move (%s) holds though the answer by %s was purged", async (alias, by) => {
  const field = alias === "slug" ? "organization_slug" : "organization_external_id";
  const name = "moving-name";
  stytch.change(0, { [field]: name });
  const near = createIsolate();
  expect(await whose(near, name)).toBe(stytch.idOf(0));
  stytch.change(0, { [field]: alias === "slug" ? "another-name" : null });
  stytch.change(1, { [field]: name });
  // Past its stale window, the entry does not keep a read by the alias from asking.
  at(125);
  const id = stytch.idOf(1);
  await readDuringPurge(by === "ID" ? id : name, id);
  at(125 + LEASE);
  for (const reader of [near, createIsolate()]) expect(await whose(reader, name)).toBe(503);
  stytch.upstream.answer(({ url }) => stytch.respond(url));
  at(160);
  for (const reader of [near, createIsolate()]) expect(await whose(reader, name)).toBe(id);
});

test("an answer of the same organization that was purged ends no other alias", async () => {
  const [name, id] = [stytch.slugOf(0), stytch.idOf(0)];
  expect(await whose(admin, stytch.slugOf(1))).toBe(stytch.idOf(1));
  expect(await whose(admin, name)).toBe(id);
  at(125);
  await readDuringPurge(id, id);
  at(125 + LEASE);
  expect(await whose(admin, stytch.slugOf(1))).toBe(stytch.idOf(1));
  expect(await whose(admin, name)).toBe(503);
});
