/**
 * An upgrade, and a rollback: today's code on the state that the previous release wrote, and the form of what it writes
 * itself. `previous-release.json` was written by the previous release, which ran `writeState` of `state.ts`.
 */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import type { Directory } from "../../src/directory/directory.ts";
import { getDirectory } from "../../src/directory/directory-client.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { logLines } from "../support/egress.ts";
import { stubUpstream, type Upstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";
import fixture from "./previous-release.json";
import { additionProblems } from "./shape.ts";
import {
  emptySharedObjects,
  fromJson,
  OBJECT_NAMES,
  putState,
  readState,
  readTables,
  toJson,
  writeState,
} from "./state.ts";

const previous = fromJson(JSON.stringify(fixture));
const { names } = previous;

const { at } = useClock();
let isolate: TestIsolate;
let upstream: Upstream;

beforeEach(async () => {
  await emptyDirectory();
  await putState(previous);
  // The objects of a new release begin with what is stored.
  await evictAllDurableObjects();
  upstream = stubUpstream();
  isolate = createIsolate();
  at(13);
});

const read = async (identifier: string, key = names.key) =>
  await isolate.call(`/v1/b2b/organizations/${identifier}`, { key });
const admin = async (path: string) => {
  const response = await isolate.admin("GET", path);
  expect(response.status).toBe(200);
  return await response.json<Record<string, unknown>>();
};

test("after an upgrade, both generations of a key read from the cache without a request to Stytch", async () => {
  expect((await read(names.organizationId)).status).toBe(200);
  const earlier = await read(names.organizationId, names.previousKey);
  expect(earlier.status).toBe(200);
  expect(await earlier.json()).toMatchObject({ organization: { organization_slug: names.slug } });
  expect(upstream.requests).toEqual([]);
});

test("after an upgrade, an alias in KV leads to its organization", async () => {
  expect((await read(names.slug)).status).toBe(200);
  expect(upstream.requests).toEqual([]);
});

test("after an upgrade, an organization's object still knows its alias", async () => {
  // Its former slug is nobody's.
  expect((await read(names.formerSlug)).status).toBe(404);
  expect(upstream.requests.map(({ url }) => url.split("/").at(-1))).toEqual([names.formerSlug]);
});

test("after an upgrade, the bucket of a key has what the previous release left in it", async () => {
  const response = await read(names.organizationId);
  // 100 at 12 s, less 4 calls and the grant of two, and what refills in a second.
  expect(response.headers.get("RateLimit")).toMatch(/;r=9[3-9];/);
});

test("after an upgrade, the records and the audit log are complete", async () => {
  expect(await admin("/admin/keys?limit=1")).toMatchObject({
    keys: [{ key_id: names.keyId, name: "Renamed", generation: 2, status: "active" }],
  });
  const { events } = await admin("/admin/audit?limit=100");
  const actions = (events as { action: string; actor: string }[]).map(({ action, actor }) => [action, actor]);
  expect(actions).toHaveLength(7);
  expect(actions).toEqual(
    expect.arrayContaining([
      ["key.created", "token"],
      ["key.updated", "token"],
      ["key.rotated", "token"],
      ["cache.purged", "token"],
      ["session_policy.updated", "token"],
      ["session.revoked", "token"],
    ]),
  );
});

test("after an upgrade, the counts of an hour go on from those of the previous release", async () => {
  const stored = (await admin(`/admin/keys/${names.keyId}/usage`))["hours"] as { requests: number }[];
  const before = Number(stored[0]?.requests);
  expect(before).toBeGreaterThan(0);
  expect(stored[0]).toMatchObject({ hits: 0, misses: 0, errors: 0 });
  for (const seconds of [13, 19]) {
    at(seconds);
    await read(names.organizationId);
  }
  expect(await admin(`/admin/keys/${names.keyId}/usage`)).toMatchObject({
    hours: [{ requests: before + 1 }],
  });
});

test("after an upgrade, the session policy, revocations and purges are in force", async () => {
  expect(await admin("/admin/session-policy")).toMatchObject({ scopes: ["organizations:read"] });
  const updates = await getDirectory(env).updatesSince(0, TEST_VARS.STYTCH_PROJECT_ID, null);
  expect(updates.sessions.revocations).toMatchObject([{ kind: "member", id: names.memberId }]);
  expect(updates.purges.purges.map(({ name }) => name)).toContain(names.purgedName);
  // What full lists have dropped.
  const stored = new Map(previous.objects.directory.kv);
  expect(updates.purges.purgedBefore).toBe(stored.get("purge-floor"));
  expect(updates.sessions.revokedBefore).toBe(stored.get("revoked-before"));
});

test("after an upgrade, a key counts as issued when it was created, until it is rotated", async () => {
  // The previous release did not note when a key was issued.
  const query = "/admin/keys?issued_before=2027-01-15T08:00:00";
  expect((await admin(`${query}Z`))["keys"]).toEqual([]);
  expect((await admin(`${query}.001Z`))["keys"]).toMatchObject([{ key_id: names.keyId }]);
  await isolate.admin("POST", `/admin/keys/${names.keyId}/rotate`, { overlap_seconds: 0 });
  expect((await admin(`${query}.001Z`))["keys"]).toEqual([]);
});

test("during an upgrade, a Directory of the previous release is no failure", async () => {
  // It knows nothing of metrics: it ignores the report, and its answer has no receipt.
  const updatesSince = async (...[after, projectId, report]: Parameters<Directory["updatesSince"]>) => {
    const { metrics: _, ...updates } = await getDirectory(env).updatesSince(after, projectId, report);
    return updates;
  };
  isolate = createIsolate({ DIRECTORY: { getByName: () => ({ updatesSince }) } });
  for (const seconds of [13, 19, 25]) {
    at(seconds);
    expect((await read(names.organizationId)).status).toBe(200);
  }
  expect(logLines().filter(({ degraded }) => degraded !== undefined)).toEqual([]);
});

test("after an upgrade, a key of the previous release can be edited, rotated and revoked", async () => {
  const path = `/admin/keys/${names.keyId}`;
  expect((await isolate.admin("PATCH", path, { name: "Once more" })).status).toBe(200);
  expect((await isolate.admin("POST", `${path}/rotate`, { overlap_seconds: 0 })).status).toBe(200);
  expect((await isolate.admin("DELETE", path)).status).toBe(200);
  expect((await createIsolate().call(`/v1/b2b/organizations/${names.slug}`, { key: names.key })).status).toBe(
    401,
  );
});

test("the saved state is the text that saving it makes", () => {
  expect(fromJson(toJson(previous))).toEqual(previous);
  expect(toJson(previous)).toContain('"-Infinity"');
});

test("what this release writes only adds to what the previous one wrote", async () => {
  at(0);
  await emptySharedObjects();
  const today = await readState(await writeState());
  for (const name of OBJECT_NAMES) {
    const [before, now] = [previous.objects[name], today.objects[name]];
    const values = new Map(now.kv);
    for (const [key, value] of before.kv) {
      expect(additionProblems(value, values.get(key), `${name}: ${key}`)).toEqual([]);
    }
    for (const [table, { rows }] of Object.entries(before.tables)) {
      for (const row of rows) {
        const problems = (now.tables[table]?.rows ?? []).map((one) => additionProblems(row, one, table));
        expect(problems).toContainEqual([]);
      }
    }
  }
});

test("the Directory of this release has the tables of the previous one, column by column", async () => {
  // A table of the previous release is never made again, so a column more would be missing after an upgrade.
  const fresh = await readTables(env.DIRECTORY.getByName("a Directory of this release"));
  for (const [table, { sql }] of Object.entries(previous.objects.directory.tables)) {
    expect(fresh[table]?.sql).toBe(sql);
  }
});

test("what this release writes into KV has exactly the fields of its version", async () => {
  at(0);
  const today = await readState(await writeState());
  const fieldsOf = ({ kv }: typeof today) => kv.map(({ metadata }) => Object.keys(metadata as object)).sort();
  // A reader refuses other fields: a change of them needs another version, which is read as a miss.
  const versionsOf = ({ kv }: typeof today) => kv.map(({ metadata }) => (metadata as { v: number }).v);
  expect(versionsOf(today)).toEqual(versionsOf(previous));
  expect(fieldsOf(today)).toEqual(fieldsOf(previous));
});
