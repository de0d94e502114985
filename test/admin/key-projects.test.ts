/** A deployment that is moved to another Stytch project: the keys of the first are none of the second's business. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { getDirectory } from "../../src/directory/directory-client.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { recordOf } from "../support/record.ts";

const OTHER_PROJECT = "project-test-33333333-3333-4333-8333-333333333333";

let isolate: TestIsolate;
let other: TestIsolate;
let keyId: string;

beforeEach(async () => {
  await emptyDirectory();
  isolate = createIsolate();
  other = createIsolate({ STYTCH_PROJECT_ID: OTHER_PROJECT });
  ({ keyId } = await createKey(isolate));
});

const idsOf = async (at: TestIsolate, query = "") =>
  (await (await at.admin("GET", `/admin/keys${query}`)).json<{ keys: { key_id: string }[] }>()).keys.map(
    ({ key_id }) => key_id,
  );

test("a list has the keys of its own project only, on every page", async () => {
  const { keyId: otherKeyId } = await createKey(other);
  const { keyId: secondKeyId } = await createKey(isolate);
  expect((await idsOf(isolate)).sort()).toEqual([keyId, secondKeyId].sort());
  expect(await idsOf(other)).toEqual([otherKeyId]);
  expect(await idsOf(other, "?limit=1")).toEqual([otherKeyId]);
});

interface Events {
  readonly events: readonly { action: string; key_id: string | null; detail: Record<string, unknown> }[];
  readonly next_cursor: string | null;
}
const auditOf = async (at: TestIsolate, query = "") =>
  await (await at.admin("GET", `/admin/audit${query}`)).json<Events>();
const keyIdsIn = ({ events }: Events) => events.map(({ key_id }) => key_id);

test("the audit has the events of keys of its own project only, on every page", async () => {
  const { keyId: otherKeyId } = await createKey(other, undefined, { name: "Partner of the other" });
  await other.admin("PATCH", `/admin/keys/${otherKeyId}`, { name: "Renamed" });
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  expect(keyIdsIn(await auditOf(isolate))).toEqual([keyId, keyId]);
  expect(keyIdsIn(await auditOf(other))).toEqual([otherKeyId, otherKeyId]);
  const page = await auditOf(isolate, "?limit=1");
  expect(keyIdsIn(page)).toEqual([keyId]);
  const last = await auditOf(isolate, `?limit=1&cursor=${page.next_cursor}`);
  expect([keyIdsIn(last), last.next_cursor]).toEqual([[keyId], null]);
  expect(JSON.stringify(await auditOf(isolate))).not.toContain("Partner of the other");
});

test("the audit has the purges of its own project only, without its ID", async () => {
  await isolate.admin("POST", "/admin/cache/purge", { organization_id: "own" });
  await other.admin("POST", "/admin/cache/purge", { organization_id: "others" });
  const purgesOf = async (at: TestIsolate) =>
    (await auditOf(at)).events.filter(({ action }) => action === "cache.purged");
  expect((await purgesOf(isolate)).map(({ detail }) => detail)).toEqual([
    { organization_id: "own", by: "admin" },
  ]);
  expect((await purgesOf(other)).map(({ detail }) => detail)).toEqual([
    { organization_id: "others", by: "admin" },
  ]);
  expect(JSON.stringify(await auditOf(isolate))).not.toContain("project");
});

test("the audit has events of early versions, which do not name their project", async () => {
  const old = recordOf({ key_id: "000000000000000b" });
  const at = new Date().toISOString();
  const created = {
    id: `${old.key_id}.1`,
    at,
    action: "key.created",
    key_id: old.key_id,
    detail: {},
  } as const;
  await getDirectory(env).report(old, [created]);
  await runInDurableObject(getDirectory(env), (_, { storage }) => {
    const purged = { at, action: "cache.purged", key_id: null, detail: { organization_id: "early" } };
    storage.sql.exec(
      "INSERT INTO events (id, at, item) VALUES ('purge.0', ?, ?)",
      at,
      JSON.stringify(purged),
    );
  });
  expect(keyIdsIn(await auditOf(isolate)).toSorted()).toEqual([old.key_id, keyId, null].toSorted());
  expect(keyIdsIn(await auditOf(other)).toSorted()).toEqual([old.key_id, null].toSorted());
});

test.each([
  ["GET", "", undefined],
  ["PATCH", "", { name: "Taken over" }],
  ["POST", "/rotate", { overlap_seconds: 60 }],
  ["DELETE", "", undefined],
  ["GET", "/usage", undefined],
])("%s of a key%s of another project is 404 and changes nothing", async (method, suffix, body) => {
  const path = `/admin/keys/${keyId}`;
  const before = await (await isolate.admin("GET", path)).json();
  const response = await other.admin(method, path + suffix, body);
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ status_code: 404, error_type: "key_not_found" });
  expect(text).not.toContain("pst_");
  expect(await (await isolate.admin("GET", path)).json()).toEqual(before);
});

test("a key of an early version, which does not name its project, can be managed as before", async () => {
  const old = recordOf({ key_id: "000000000000000a" });
  await runInDurableObject(env.API_KEY.getByName(old.key_id), (_, state) => {
    state.storage.kv.put("record", old);
  });
  await getDirectory(env).report(old, []);
  expect(await idsOf(isolate)).toContain(old.key_id);
  const path = `/admin/keys/${old.key_id}`;
  expect(await (await isolate.admin("PATCH", path, { name: "New" })).json()).toMatchObject({ name: "New" });
  expect((await isolate.admin("POST", `${path}/rotate`)).status).toBe(200);
  expect(await (await isolate.admin("DELETE", path)).json()).toMatchObject({ status: "revoked" });
});

test("the project is not in the record that the admin API shows", async () => {
  const response = await isolate.admin("GET", `/admin/keys/${keyId}`);
  expect(await response.text()).not.toContain("project");
});
