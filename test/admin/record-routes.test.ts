/** Moving keys to another deployment by the admin API: old keys work there as they did, and nothing comes back to life. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { NEXT_KEY_SECRET, ROTATING_KEY_SECRETS } from "../support/vars.ts";

const { at, iso } = useClock();

let isolate: TestIsolate;
beforeEach(async () => {
  await emptyDirectory();
  isolate = createIsolate();
});

type Whole = Record<string, unknown> & { key_id: string };

const pathOf = (keyId: string) => `/admin/keys/${keyId}/record`;
const exported = async (keyId: string) => await (await isolate.admin("GET", pathOf(keyId))).json<Whole>();
const put = async (whole: Whole, by: TestIsolate = isolate) =>
  await by.admin("PUT", pathOf(whole.key_id), whole);
const outcomeOf = async (response: Response) => (await response.json<{ outcome: string }>()).outcome;
const shown = async (keyId: string) => await (await isolate.admin("GET", `/admin/keys/${keyId}`)).json();
const errorAt = async (deployment: TestIsolate, key: string) => {
  const response = await deployment.call("/whoami", { key });
  return response.ok ? "ok" : (await response.json<{ error_type: string }>()).error_type;
};

/** From here on, the deployment is another one: it knows nothing of this key. */
async function moveAway(keyId: string): Promise<TestIsolate> {
  await runInDurableObject(env.API_KEY.getByName(keyId), async (_, { storage }) => {
    await storage.deleteAlarm();
    await storage.deleteAll();
  });
  await emptyDirectory();
  return createIsolate();
}

const rotate = async (keyId: string, overlap_seconds: number) => {
  const answer = await isolate.admin("POST", `/admin/keys/${keyId}/rotate`, { overlap_seconds });
  return (await answer.json<{ key: string }>()).key;
};

test("a moved key works by each generation as it did, with all that binds it", async () => {
  const fields = { rate_limit: { limit: 5, period_seconds: 60 }, region: "weur", expires_at: iso(500) };
  const { key: first, keyId } = await createKey(isolate, ["organizations:read"], fields);
  at(1);
  const second = await rotate(keyId, 0);
  const third = await rotate(keyId, 100);
  const fourth = await rotate(keyId, 50);
  const before = await shown(keyId);
  const whole = await exported(keyId);

  const fresh = await moveAway(keyId);
  expect(await errorAt(fresh, fourth)).toBe("invalid_key");
  at(10);
  expect(await outcomeOf(await put(whole))).toBe("imported");
  expect(await shown(keyId)).toEqual(before);
  expect(await exported(keyId)).toEqual(whole);
  const now = createIsolate();
  const states = async () =>
    await Promise.all([first, second, third, fourth].map((key) => errorAt(now, key)));
  expect(await states()).toEqual(["revoked_key", "ok", "ok", "ok"]);
  at(51);
  expect(await states()).toEqual(["revoked_key", "revoked_key", "revoked_key", "ok"]);
  at(500);
  expect(await errorAt(now, fourth)).toBe("expired_key");
});

test("a moved key works only with the KEY_SECRET that made it, or it as previous one", async () => {
  const { key, keyId } = await createKey(isolate);
  const whole = await exported(keyId);
  await moveAway(keyId);
  const other = createIsolate({ KEY_SECRET: NEXT_KEY_SECRET });
  await put(whole, other);
  expect(await errorAt(other, key)).toBe("invalid_key");
  expect(await errorAt(createIsolate(ROTATING_KEY_SECRETS), key)).toBe("ok");
});

test("an import is in the list and in the audit, with who made it and its restrictions", async () => {
  const rate_limit = { limit: 60, period_seconds: 60 };
  const { keyId } = await createKey(isolate, undefined, { rate_limit });
  const whole = await exported(keyId);
  await moveAway(keyId);
  at(60);
  await put(whole);
  const { keys } = await (await isolate.admin("GET", "/admin/keys")).json<{ keys: unknown[] }>();
  expect(keys).toEqual([await shown(keyId)]);
  const { events } = await (await isolate.admin("GET", "/admin/audit")).json<{ events: unknown[] }>();
  expect(events).toEqual([
    {
      at: iso(60),
      action: "key.imported",
      actor: "token",
      key_id: keyId,
      detail: { name: "Test", scopes: ["organizations:read"], rate_limit, generation: 1, status: "active" },
    },
  ]);
});

test("an import that is repeated changes nothing and leaves no event", async () => {
  const { keyId } = await createKey(isolate);
  const whole = await exported(keyId);
  // Into the deployment that it comes from, too.
  expect(await outcomeOf(await put(whole))).toBe("unchanged");
  await moveAway(keyId);
  await put(whole);
  const stored = async () =>
    await runInDurableObject(env.API_KEY.getByName(keyId), (_, { storage }) => [...storage.kv.list()]);
  const before = await stored();
  at(60);
  expect(await outcomeOf(await put(whole))).toBe("unchanged");
  expect(await stored()).toEqual(before);
  const { events } = await (await isolate.admin("GET", "/admin/audit")).json<{ events: unknown[] }>();
  expect(events).toHaveLength(1);
});

test("a revoked key stays revoked, whether it was revoked here or there", async () => {
  const { key, keyId } = await createKey(isolate);
  const active = await exported(keyId);
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  const revoked = await exported(keyId);
  expect(await outcomeOf(await put(active))).toBe("kept");
  expect(await errorAt(createIsolate(), key)).toBe("revoked_key");
  await moveAway(keyId);
  await put(active);
  expect(await errorAt(createIsolate(), key)).toBe("ok");
  expect(await outcomeOf(await put(revoked))).toBe("updated");
  expect(await outcomeOf(await put({ ...active, version: 9 }))).toBe("kept");
  expect(await errorAt(createIsolate(), key)).toBe("revoked_key");
});

test("a key that was changed here since is kept as it is", async () => {
  const { key, keyId } = await createKey(isolate);
  const first = await exported(keyId);
  await rotate(keyId, 3_600);
  const later = await exported(keyId);
  await moveAway(keyId);
  await put(first);
  await isolate.admin("PATCH", `/admin/keys/${keyId}`, { name: "Renamed here" });
  const before = await shown(keyId);
  expect(await outcomeOf(await put(later))).toBe("kept");
  expect(await outcomeOf(await put({ ...later, version: 9 }))).toBe("kept");
  expect(await shown(keyId)).toEqual(before);
  expect(await errorAt(createIsolate(), key)).toBe("ok");
});

test("an import of a later record changes the limit of the key", async () => {
  const { key, keyId } = await createKey(isolate, undefined, {
    rate_limit: { limit: 5, period_seconds: 60 },
  });
  const first = await exported(keyId);
  await isolate.admin("PATCH", `/admin/keys/${keyId}`, {
    // The ledger counts in units that depend on the period.
    rate_limit: { limit: 2, period_seconds: 3_600 },
  });
  const later = await exported(keyId);
  const fresh = await moveAway(keyId);
  await put(first);
  const call = async (by: TestIsolate) => await by.call("/v1/b2b/organizations/a%23b", { key });
  expect((await call(fresh)).headers.get("RateLimit-Policy")).toBe('"key";q=5;w=60');
  await put(later);
  const statuses = [];
  for (let count = 0; count < 4; count += 1) statuses.push((await call(createIsolate())).status);
  expect(statuses).toEqual([400, 400, 429, 429]);
});

test.each<[string, object, RegExp]>([
  [
    "of another project",
    { project_id: "project-test-33333333-3333-4333-8333-333333333333" },
    /^project_id: /,
  ],
  [
    "of another environment",
    { project_id: "project-live-22222222-2222-4222-8222-222222222222" },
    /^project_id: /,
  ],
  [
    "with an organization of another environment",
    { organization_ids: ["organization-live-x"] },
    /^organization_ids.0: /,
  ],
  ["with a slug as an organization", { organization_ids: ["acme"] }, /^organization_ids.0: /],
  ["with an unknown field", { key: "x" }, /^key: unknown field/],
  ["under the ID of another", { key_id: "000000000000000z" }, /^key_id: /],
])("a record %s is refused and nothing is stored", async (_, overrides, problem) => {
  const { keyId } = await createKey(isolate);
  const whole = await exported(keyId);
  await moveAway(keyId);
  isolate.resetCounts();
  const response = await isolate.admin("PUT", pathOf(keyId), { ...whole, ...overrides });
  expect(await response.json()).toMatchObject({
    status_code: 400,
    error_type: "invalid_request",
    error_message: expect.stringMatching(problem),
  });
  expect(isolate.counts.objects).toEqual({});
});

test("the record of a key of another project is neither given out nor replaced", async () => {
  const OTHER = "project-test-33333333-3333-4333-8333-333333333333";
  const other = createIsolate({ STYTCH_PROJECT_ID: OTHER });
  const { keyId } = await createKey(isolate);
  const whole = await exported(keyId);
  for (const response of [
    await other.admin("GET", pathOf(keyId)),
    await other.admin("PUT", pathOf(keyId), { ...whole, project_id: OTHER, version: 9 }),
  ]) {
    expect(await response.json()).toMatchObject({ status_code: 404, error_type: "key_not_found" });
  }
  expect(await exported(keyId)).toEqual(whole);
});

test("records are given out and taken in for operators only", async () => {
  const { key, keyId } = await createKey(isolate);
  for (const method of ["GET", "PUT"]) {
    expect((await isolate.call(pathOf(keyId), { method, key })).status, method).toBe(401);
  }
  expect((await isolate.admin("GET", pathOf("0".repeat(16)))).status).toBe(404);
  expect((await isolate.admin("GET", pathOf("short"))).status).toBe(404);
});

test("a record beyond the size of a creation can be moved, and a larger body cannot", async () => {
  const { keyId } = await createKey(isolate);
  const id = (index: number) => `organization-test-${String(index).padStart(200, "0")}`;
  const path = (index: number) => `trusted_metadata.${"字".repeat(100)}${String(index).padStart(11, "0")}`;
  const paths = Array.from({ length: 100 }, (_, index) => path(index));
  for (const edit of [
    { organization_ids: Array.from({ length: 100 }, (_, index) => id(index)) },
    { fields: { organization: paths, member: null } },
  ])
    expect((await isolate.admin("PATCH", `/admin/keys/${keyId}`, edit)).status).toBe(200);
  const whole = await exported(keyId);
  await moveAway(keyId);
  expect(await outcomeOf(await put(whole))).toBe("imported");
  const answer = await isolate.admin("PUT", pathOf(keyId), { ...whole, name: "x".repeat(128 * 1024) });
  expect(await answer.json()).toMatchObject({ error_message: expect.stringContaining("131072 bytes") });
});
