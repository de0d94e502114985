import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { getDirectory } from "../../src/directory/directory-client.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/guard.ts";
import { TEST_VARS } from "../support/vars.ts";

let isolate: TestIsolate;
beforeEach(async () => {
  isolate = createIsolate();
  // What is listed is what this test made.
  await runInDurableObject(getDirectory(env), (_, state) => {
    state.storage.sql.exec("DELETE FROM keys; DELETE FROM events;");
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const KEY = /^pst_test_([0-9a-z]{16})_[0-9a-z]{50,64}$/;

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
    organization_ids: null,
    fields: null,
    rate_limit: null,
    allowed_ips: null,
    region: null,
    generation: 1,
    previous_generation_valid_until: null,
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
  const { key, keyId } = await createKey(isolate, ["organizations:read"]);
  const kept = await runInDurableObject(env.API_KEY.getByName(keyId), (_, state) =>
    JSON.stringify([...state.storage.kv.list()]),
  );
  const listed = await runInDurableObject(getDirectory(env), (_, state) =>
    JSON.stringify([
      ...state.storage.sql.exec("SELECT * FROM keys"),
      ...state.storage.sql.exec("SELECT * FROM events"),
    ]),
  );
  expect(kept + listed).toContain(keyId);
  expect(kept + listed).not.toContain(key.slice(26));
});

test.each<[object, string]>([
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
  [{ name: "a", scope: ["organizations:read"] }, "scope"],
  [{ name: "a", scopes: ["organizations:read"], organization_ids: [] }, "organization_ids"],
  [{ name: "a", scopes: ["organizations:read"], organization_ids: [""] }, "organization_ids.0"],
  [{ name: "a", scopes: ["organizations:read"], organization_ids: ["o", "a/b"] }, "organization_ids.1"],
  [{ name: "a", scopes: ["organizations:read"], organization_ids: "o" }, "organization_ids"],
  [{ name: "a", scopes: ["organizations:read"], organization_ids: Array(101).fill("o") }, "organization_ids"],
  [{ name: "a", scopes: ["organizations:read"], fields: [] }, "fields"],
  [{ name: "a", scopes: ["organizations:read"], fields: { organisation: null } }, "fields.organisation"],
  [
    { name: "a", scopes: ["organizations:read"], fields: { organization: ["nope"] } },
    "fields.organization.0",
  ],
  [
    { name: "a", scopes: ["organizations:read"], fields: { member: ["trusted_metadata", "__proto__"] } },
    "fields.member.1",
  ],
  [{ name: "a", scopes: ["organizations:read"], allowed_ips: ["203.0.113.0/33"] }, "allowed_ips.0"],
  [{ name: "a", scopes: ["organizations:read"], allowed_ips: [] }, "allowed_ips"],
  [{ name: "a", scopes: ["organizations:read"], region: "mars" }, "region"],
  ...[
    {},
    { limit: 0, period_seconds: 1 },
    { limit: 1_000_001, period_seconds: 1 },
    { limit: 1.5, period_seconds: 1 },
  ].map(
    (rate_limit) =>
      [{ name: "a", scopes: ["organizations:read"], rate_limit }, "rate_limit.limit"] as [object, string],
  ),
  [
    { name: "a", scopes: ["organizations:read"], rate_limit: { limit: 1, period_seconds: 86_401 } },
    "rate_limit.period_seconds",
  ],
  [{ name: "a", scopes: ["organizations:read"], rate_limit: "600/60" }, "rate_limit"],
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
  ["a name by its prototype", '{"__proto__":{"name":"a"},"scopes":["organizations:read"]}'],
  ["a prototype among its fields", '{"name":"a","scopes":["organizations:read"],"__proto__":{}}'],
  [
    "a prototype in its limit",
    '{"name":"a","scopes":["organizations:read"],"rate_limit":{"__proto__":{"limit":1,"period_seconds":1}}}',
  ],
  ["a byte order mark", '\ufeff{"name":"a","scopes":["organizations:read"]}'],
  ["201 levels", `{"name":${"[".repeat(201)}${"]".repeat(201)}}`],
])("%s is no request", async (_, body) => {
  const answer = await isolate.admin("POST", "/admin/keys", body);
  expect(await answer.json()).toMatchObject({ status_code: 400, error_type: "invalid_request" });
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
  const { key } = await createKey(isolate, ["organizations:read"]);
  expect((await isolate.call("/admin/keys", { key })).status).toBe(401);
});

test("where ADMIN_TOKEN is not set there is no admin API", async () => {
  const without = createIsolate({ ADMIN_TOKEN: "" });
  for (const path of ["/admin", "/admin/keys", "/admin/keys/0123456789abcdef"]) {
    const answer = await without.admin("GET", path);
    expect(await answer.json()).toMatchObject({ status_code: 404, error_type: "route_not_found" });
  }
});

test.each([
  ["throws", () => Promise.reject(new Error("the object is gone"))],
  ["cannot be reached", () => Promise.reject(Object.assign(new Error("overloaded"), { overloaded: true }))],
])(
  "an object that %s is 503 to the operator, not a defect and not a key that is missing",
  async (_, fail) => {
    const object = { record: fail, revoke: fail, edit: fail, rotate: fail, usage: fail, create: fail };
    const failing = createIsolate({
      API_KEY: { getByName: () => object },
      DIRECTORY: { getByName: () => ({ listKeys: fail, listEvents: fail }) },
    });
    for (const [method, path, body, part] of [
      ["POST", "/admin/keys", { name: "a", scopes: ["organizations:read"] }, "key_object"],
      ["GET", "/admin/keys", undefined, "directory"],
      ["GET", "/admin/audit", undefined, "directory"],
      ["GET", "/admin/keys/0123456789abcdef", undefined, "key_object"],
      ["PATCH", "/admin/keys/0123456789abcdef", {}, "key_object"],
      ["DELETE", "/admin/keys/0123456789abcdef", undefined, "key_object"],
      ["POST", "/admin/keys/0123456789abcdef/rotate", {}, "key_object"],
      ["GET", "/admin/keys/0123456789abcdef/usage", undefined, "key_object"],
    ] as const) {
      const answer = await failing.admin(method, path, body);
      expect(await answer.json(), `${method} ${path}`).toMatchObject({
        error_type: part === "directory" ? "directory_unavailable" : "key_service_unavailable",
      });
      expect(answer.headers.get("Retry-After")).toBe("1");
      expect(logLines().at(-1)).toMatchObject({ degraded: [part], status: 503 });
    }
  },
);

test("whoami shows a caller its own record but its name, and takes the key from nowhere else", async () => {
  const { key, keyId } = await createKey(isolate, ["organizations:read"], { region: "weur" });
  const answer = await isolate.call("/whoami", { key });
  const { name: _, ...record } = await (await isolate.admin("GET", `/admin/keys/${keyId}`)).json<
    Record<string, unknown>
  >();
  expect(await answer.json()).toEqual({ ...record, rate_limit_remaining: null });
  expect(answer.headers.get("Vary")).toBe("Authorization");
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
  expect((await isolate.call("/whoami")).status).toBe(401);
});

test("a key's object is placed where the operator says, and its region stays", async () => {
  const placed: unknown[] = [];
  const getByName = (id: string, options?: unknown) => {
    placed.push(options);
    return env.API_KEY.getByName(id);
  };
  const { keyId } = await createKey(createIsolate({ API_KEY: { getByName } }), ["organizations:read"], {
    region: "apac",
  });
  expect(placed).toEqual([{ locationHint: "apac" }]);
  const moved = await isolate.admin("PATCH", `/admin/keys/${keyId}`, { region: "weur" });
  expect(await moved.json()).toMatchObject({ status_code: 400, error_message: "region: unknown field" });
});

test("the log of an admin call names the key's ID and route", async () => {
  const { keyId } = await createKey(isolate, ["organizations:read"]);
  expect(logLines().at(-1)).toMatchObject({
    route: "/admin/keys",
    method: "POST",
    status: 201,
    key_id: keyId,
  });
});
