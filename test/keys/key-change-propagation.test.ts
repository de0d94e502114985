/** An operator edits or rotates a key. The change reaches an isolate that has a lease of the key from before. */
import { evictAllDurableObjects } from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import { NOW, useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { type OrganizationSetUp, setUpOrganization } from "../support/setup.ts";

const { at, iso } = useClock();

let operator: TestIsolate;
let edge: TestIsolate;
let setUp: OrganizationSetUp;
let key: string;
let keyId: string;
let path: string;

beforeEach(async () => {
  setUp = await setUpOrganization();
  ({ isolate: operator, key, keyId, path } = setUp);
  edge = createIsolate();
  // The edge gets its lease before the change, and does not renew it in between.
  await edge.call(path, { key });
});

const edit = async (fields: unknown) => await operator.admin("PATCH", `/admin/keys/${keyId}`, fields);
const rotate = async (overlap_seconds: number) => {
  const response = await operator.admin("POST", `/admin/keys/${keyId}/rotate`, { overlap_seconds });
  return await response.json<{
    key: string;
    generation: number;
    previous_generation_valid_until: string | null;
  }>();
};
const statusOf = async (isolate: TestIsolate, presented: string) =>
  (await isolate.call(path, { key: presented })).status;

test.each<[string, Record<string, unknown>, number]>([
  ["scopes", { scopes: ["members:dangerously_get"] }, 403],
  ["organizations", { organization_ids: ["organization-test-00000000-0000-4000-8000-000000000000"] }, 404],
  ["addresses", { allowed_ips: ["203.0.113.0/24"] }, 403],
  ["the end", { expires_at: new Date(NOW - 1_000).toISOString() }, 401],
])("an edit of %s is in force in every isolate within LEASE_SECONDS", async (_, fields, status) => {
  at(0.001);
  expect((await edit(fields)).status).toBe(200);
  at(5);
  expect(await statusOf(edge, key)).toBe(status);
  expect(await statusOf(createIsolate(), key)).toBe(status);
});

test("an edit of fields applies to cached organizations within LEASE_SECONDS", async () => {
  await edit({ fields: { organization: ["organization_slug"] } });
  at(5);
  const body = await (await edge.call(path, { key })).json<{ organization: object }>();
  expect(body.organization).toEqual({ organization_slug: setUp.organization["organization_slug"] });
});

test("a rotation without overlap ends the old key everywhere within LEASE_SECONDS", async () => {
  const rotated = await rotate(0);
  expect(rotated).toMatchObject({ generation: 2, previous_generation_valid_until: null });
  expect(await statusOf(createIsolate(), key)).toBe(401);
  expect(await statusOf(createIsolate(), rotated.key)).toBe(200);
  at(5);
  const response = await edge.call(path, { key });
  expect(await response.json()).toMatchObject({ error_type: "revoked_key" });
  expect(await statusOf(edge, rotated.key)).toBe(200);
});

test("a new key works at once in an isolate with a lease from before the rotation", async () => {
  const rotated = await rotate(600);
  expect(await statusOf(edge, rotated.key)).toBe(200);
});

test("an overlap ends at the exact millisecond, even while the lease is valid", async () => {
  const rotated = await rotate(7);
  expect(rotated.previous_generation_valid_until).toBe(iso(7));
  at(6.999);
  expect(await statusOf(edge, key)).toBe(200);
  at(7);
  expect(await statusOf(edge, key)).toBe(401);
  expect(await statusOf(edge, rotated.key)).toBe(200);
});

test("two concurrent rotations make two keys, and the overlap applies to both", async () => {
  const [a, b] = await Promise.all([rotate(60), rotate(60)]);
  expect(new Set([a.generation, b.generation])).toEqual(new Set([2, 3]));
  expect(a.key).not.toBe(b.key);
  for (const presented of [key, a.key, b.key]) expect(await statusOf(createIsolate(), presented)).toBe(200);
});

test("concurrent edits and rotations are all applied", async () => {
  await Promise.all([rotate(60), edit({ name: "Renamed" }), rotate(60), edit({ allowed_ips: null })]);
  const record = await (await operator.admin("GET", `/admin/keys/${keyId}`)).json();
  expect(record).toMatchObject({ generation: 3, name: "Renamed" });
});

test("a key's object that is evicted between any two changes loses nothing", async () => {
  const rotated = await rotate(60);
  await evictAllDurableObjects();
  await edit({ name: "Renamed" });
  await evictAllDurableObjects();
  expect(await statusOf(createIsolate(), key)).toBe(200);
  expect(await statusOf(createIsolate(), rotated.key)).toBe(200);
  await operator.admin("DELETE", `/admin/keys/${keyId}`);
  await evictAllDurableObjects();
  for (const presented of [key, rotated.key]) expect(await statusOf(createIsolate(), presented)).toBe(401);
});

test("a revoked key can be neither edited nor rotated", async () => {
  await operator.admin("DELETE", `/admin/keys/${keyId}`);
  for (const response of [
    await edit({ expires_at: null }),
    await operator.admin("POST", `/admin/keys/${keyId}/rotate`),
  ]) {
    expect(await response.json()).toMatchObject({ status_code: 400, error_type: "invalid_request" });
  }
  expect(await statusOf(createIsolate(), key)).toBe(401);
});

test("a rotated key with the ID of another key is refused", async () => {
  const rotated = await rotate(60);
  expect(rotated.generation).toBe(2);
  const other = await createKey(operator, ["organizations:read"]);
  const forged = rotated.key.replace(keyId, other.keyId);
  expect(await statusOf(createIsolate(), forged)).toBe(401);
});
