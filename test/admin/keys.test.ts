import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Directory } from "../../src/admin/directory.ts";
import { DIRECTORY } from "../../src/keys/api-key.ts";
import { type Isolate, mint, newIsolate } from "../support/deployment.ts";
import { logLines } from "../support/guard.ts";
import { TEST_VARS } from "../support/vars.ts";

let isolate: Isolate;
beforeEach(async () => {
  isolate = newIsolate();
  // What is listed is what this test made.
  await runInDurableObject(env.DIRECTORY.getByName(DIRECTORY), (_, state) => {
    state.storage.sql.exec("DELETE FROM keys");
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const KEY = /^pst_test_([0-9a-z]{16})_[0-9a-z]{50,64}$/;
type Page = { keys: { key_id: string; name: string; status: string }[]; next_cursor: string | null };

test("a created key is answered once, with its record", async () => {
  const created = await isolate.admin("POST", "/admin/keys", {
    name: "Acme partner",
    scopes: ["members:dangerously_get", "organizations:read", "organizations:read"],
    expires_at: "2100-01-01T00:00:00Z",
  });
  expect(created.status).toBe(201);
  const { key, ...record } = await created.json<Record<string, unknown>>();
  expect(String(key)).toMatch(KEY);
  expect(record).toEqual({
    key_id: KEY.exec(String(key))?.[1],
    name: "Acme partner",
    status: "active",
    scopes: ["organizations:read", "members:dangerously_get"],
    expires_at: "2100-01-01T00:00:00Z",
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    updated_at: record["created_at"],
    revoked_at: null,
  });
  const shown = await isolate.admin("GET", `/admin/keys/${record["key_id"]}`);
  expect(await shown.json()).toEqual(record);
  expect(await (await isolate.admin("GET", "/admin/keys")).json()).toEqual({
    keys: [record],
    next_cursor: null,
  });
});

test("neither key nor MAC is in the storage of any object", async () => {
  const { key, keyId } = await mint(isolate, ["organizations:read"]);
  const kept = await runInDurableObject(env.API_KEY.getByName(keyId), (_, state) =>
    JSON.stringify([...state.storage.kv.list()]),
  );
  const listed = await runInDurableObject(env.DIRECTORY.getByName(DIRECTORY), (_, state) =>
    JSON.stringify(state.storage.sql.exec("SELECT * FROM keys").toArray()),
  );
  expect(kept + listed).toContain(keyId);
  expect(kept + listed).not.toContain(key.slice(26));
});

test.each([
  [{}, "name"],
  [{ name: "a" }, "scopes"],
  [{ name: "", scopes: ["organizations:read"] }, "name"],
  [{ name: "  ", scopes: ["organizations:read"] }, "name"],
  [{ name: "a".repeat(201), scopes: ["organizations:read"] }, "name"],
  [{ name: 7, scopes: ["organizations:read"] }, "name"],
  [{ name: "a", scopes: [] }, "scopes"],
  [{ name: "a", scopes: "organizations:read" }, "scopes"],
  [{ name: "a", scopes: ["organizations:write"] }, "scopes.0"],
  [{ name: "a", scopes: ["organizations:read"], expires_at: "tomorrow" }, "expires_at"],
  [{ name: "a", scopes: ["organizations:read"], expires_at: "2027-13-01T00:00:00Z" }, "expires_at"],
  [{ name: "a", scopes: ["organizations:read"], expires_at: 7 }, "expires_at"],
  [{ name: "a", scopes: ["organizations:read"], key: "pst_" }, "key"],
  [{ name: "a", scopes: ["organizations:read"], constructor: 1 }, "constructor"],
])("the body %j is refused by the name of its field", async (body, field) => {
  const answer = await isolate.admin("POST", "/admin/keys", body);
  expect(answer.status).toBe(400);
  const error = await answer.json<{ error_type: string; error_message: string }>();
  expect(error.error_type).toBe("invalid_request");
  expect(error.error_message.startsWith(`${field}: `)).toBe(true);
  expect(await (await isolate.admin("GET", "/admin/keys")).json()).toEqual({ keys: [], next_cursor: null });
});

test.each([
  ["no body", ""],
  ["no JSON", "{"],
  ["a list", "[]"],
  ["null", "null"],
  ["more than 64 KiB", `{"name":"${"a".repeat(65_536)}"}`],
  ["201 levels", `{"name":${"[".repeat(201)}${"]".repeat(201)}}`],
])("%s is no request", async (_, body) => {
  const answer = await isolate.admin("POST", "/admin/keys", body);
  expect(await answer.json()).toMatchObject({ status_code: 400, error_type: "invalid_request" });
});

test("pages list every key once, newest first", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
  const made: string[] = [];
  for (let i = 0; i < 7; i += 1) {
    // Two of them in the same millisecond.
    vi.setSystemTime(1_800_000_000_000 + Math.floor(i / 2) * 1_000);
    made.unshift((await mint(isolate, ["organizations:read"], { name: `Key ${i}` })).keyId);
  }
  const seen: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page = await (await isolate.admin("GET", `/admin/keys?limit=3${query}`)).json();
    expect(page.keys.length).toBeLessThanOrEqual(3);
    seen.push(...page.keys.map(({ key_id }) => key_id));
    cursor = page.next_cursor;
  }
  expect(new Set(seen)).toEqual(new Set(made));
  expect(seen).toHaveLength(7);
  expect(seen[0]).toBe(made[0]);
});

test.each([
  ["limit=0", "limit"],
  ["limit=201", "limit"],
  ["limit=1.5", "limit"],
  ["limit=", "limit"],
  ["limit=x", "limit"],
  ["cursor=x", "cursor"],
  ["cursor=", "cursor"],
  ["order=asc", "order"],
])("the query %s is refused by the name of its parameter", async (query, parameter) => {
  const answer = await isolate.admin("GET", `/admin/keys?${query}`);
  expect(answer.status).toBe(400);
  expect((await answer.json<{ error_message: string }>()).error_message.startsWith(`${parameter}: `)).toBe(
    true,
  );
});

test.each(["0000000000000000", "x", "..", "%2e%2e%2f", "0123456789ABCDEF"])(
  "the key %s is not found",
  async (id) => {
    for (const method of ["GET", "DELETE"]) {
      const answer = await isolate.admin(method, `/admin/keys/${id}`);
      expect(answer.status).toBe(404);
    }
  },
);

test.each([
  ["none", {}],
  ["another", { Authorization: "Bearer not-the-token" }],
  ["a prefix of the token", { Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN.slice(0, -1)}` }],
  ["the token and more", { Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN}0` }],
  ["the token as Basic", { Authorization: `Basic ${btoa(`a:${TEST_VARS.ADMIN_TOKEN}`)}` }],
])("with %s for a token the admin API does nothing", async (_, headers) => {
  for (const [method, path] of [
    ["GET", "/admin/keys"],
    ["POST", "/admin/keys"],
    ["DELETE", "/admin/keys/0123456789abcdef"],
    ["GET", "/admin/anything"],
    ["GET", "/admin"],
  ] as const) {
    const answer = await isolate.call(path, { method, headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("WWW-Authenticate")).toMatch(/^Bearer realm="postern"/);
    expect(await answer.json()).toMatchObject({ error_type: "invalid_admin_token" });
  }
  expect(isolate.counts.objects).toEqual({});
});

test("a Postern key is no admin token", async () => {
  const { key } = await mint(isolate, ["organizations:read"]);
  expect((await isolate.call("/admin/keys", { key })).status).toBe(401);
});

test("where ADMIN_TOKEN is not set there is no admin API", async () => {
  const without = newIsolate({ ADMIN_TOKEN: "" });
  for (const path of ["/admin", "/admin/keys", "/admin/keys/0123456789abcdef"]) {
    const answer = await without.admin("GET", path);
    expect(await answer.json()).toMatchObject({ status_code: 404, error_type: "route_not_found" });
  }
});

test("a key whose report did not reach the Directory is issued all the same, and listed later", async () => {
  vi.spyOn(Directory.prototype, "report").mockImplementationOnce(() => {
    throw new Error("the directory fails");
  });
  const { keyId } = await mint(isolate, ["organizations:read"]);
  const listed = async () => (await (await isolate.admin("GET", "/admin/keys")).json<Page>()).keys;
  expect(await listed()).toEqual([]);
  expect(await runDurableObjectAlarm(env.API_KEY.getByName(keyId))).toBe(true);
  expect((await listed()).map(({ key_id }) => key_id)).toEqual([keyId]);
  expect(await runDurableObjectAlarm(env.API_KEY.getByName(keyId))).toBe(false);
});

test("a report that comes late does not undo a later one", async () => {
  const { keyId } = await mint(isolate, ["organizations:read"]);
  const { record } = await env.API_KEY.getByName(keyId).lease();
  await isolate.admin("DELETE", `/admin/keys/${keyId}`);
  if (record === null) throw new Error("no record");
  await env.DIRECTORY.getByName(DIRECTORY).report({ ...record, updated_at: "2020-01-01T00:00:00.000Z" });
  const page = await (await isolate.admin("GET", "/admin/keys")).json<Page>();
  expect(page.keys[0]?.status).toBe("revoked");
});

test("the log of an admin call names the key's ID and route", async () => {
  const { keyId } = await mint(isolate, ["organizations:read"]);
  expect(logLines().at(-1)).toMatchObject({
    route: "/admin/keys",
    method: "POST",
    status: 201,
    key_id: keyId,
  });
});
