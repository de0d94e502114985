/** Bodies, queries and IDs that the admin API refuses. */
import { beforeEach, expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";

useClock();

const ORGANIZATION_ID = "organization-test-00000000-0000-4000-8000-000000000000";

let isolate: TestIsolate;
beforeEach(async () => {
  await emptyDirectory();
  isolate = createIsolate();
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
  [
    { name: "a", scopes: ["organizations:read"], organization_ids: [ORGANIZATION_ID, "a/b"] },
    "organization_ids.1",
  ],
  [{ name: "a", scopes: ["organizations:read"], organization_ids: "o" }, "organization_ids"],
  [
    { name: "a", scopes: ["organizations:read"], organization_ids: Array(101).fill(ORGANIZATION_ID) },
    "organization_ids",
  ],
  [
    { name: "a", scopes: ["organizations:read"], organization_ids: [ORGANIZATION_ID, "acme"] },
    "organization_ids.1",
  ],
  [
    { name: "a", scopes: ["organizations:read"], organization_ids: ["organization-test-…"] },
    "organization_ids.0",
  ],
  [
    {
      name: "a",
      scopes: ["organizations:read"],
      organization_ids: [ORGANIZATION_ID.replace("test", "live")],
    },
    "organization_ids.0",
  ],
  [{ name: "a", scopes: ["organizations:read"], expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
  [{ name: "a", scopes: ["organizations:read"], fields: [] }, "fields"],
  [
    { name: "a", scopes: ["organizations:read"], fields: { member: ['trusted_metadata."a.b'] } },
    "fields.member.0",
  ],
  [{ name: "a", scopes: ["organizations:read"], allowed_ips: ["203.0.113.0/024"] }, "allowed_ips.0"],
  [{ name: "a", scopes: ["organizations:read"], allowed_ips: ["2001:db8::010.0.0.1"] }, "allowed_ips.0"],
  [{ name: "a", scopes: ["organizations:read"], allowed_ips: ["::1", "::203.0.113.9"] }, "allowed_ips.1"],
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
])("the body %j is refused with the name of its field", async (body, field) => {
  const response = await isolate.admin("POST", "/admin/keys", body);
  expect(response.status).toBe(400);
  const error = await response.json<{ error_type: string; error_message: string }>();
  expect(error.error_type).toBe("invalid_request");
  expect(error.error_message.startsWith(`${field}: `)).toBe(true);
  expect(await (await isolate.admin("GET", "/admin/keys")).json()).toEqual({ keys: [], next_cursor: null });
});

const KEY = `pst_test_0123456789abcdef_${"a".repeat(58)}`;
const BODY = { name: "a", scopes: ["organizations:read"] };

test.each<[string, object, string]>([
  ["name", { ...BODY, name: `old ${KEY}` }, "name"],
  ["name, as the token of a link", { ...BODY, name: `handover_0123456789abcdef_${"a".repeat(52)}` }, "name"],
  ["organization ID", { ...BODY, organization_ids: [`organization-test-${KEY}`] }, "organization_ids.0"],
  ["field path", { ...BODY, fields: { organization: [`trusted_metadata.${KEY}`] } }, "fields.organization.0"],
  ["unknown field", { ...BODY, [KEY]: 1 }, "(a key)"],
  ["unknown object of fields", { ...BODY, fields: { [`x${KEY}`]: null } }, "fields.(a key)"],
  [
    "field of a rate limit",
    { ...BODY, rate_limit: { limit: 1, period_seconds: 1, [KEY]: 1 } },
    "rate_limit.(a key)",
  ],
  ["long unknown field", { ...BODY, ["y".repeat(60) + KEY]: 1 }, "(a key)"],
])("a key as %s is refused at creation and edit, and is shown nowhere", async (_, body, field) => {
  const created = await isolate.admin("POST", "/admin/keys", BODY);
  const { key_id } = await created.json<{ key_id: string }>();
  const responses = [
    await isolate.admin("POST", "/admin/keys", body),
    await isolate.admin("PATCH", `/admin/keys/${key_id}`, body),
  ];
  for (const response of responses) {
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ status_code: 400, error_type: "invalid_request" });
    expect((JSON.parse(text) as { error_message: string }).error_message.startsWith(`${field}: `)).toBe(true);
    expect(text).not.toMatch(/pst_|handover_0/);
  }
  const { keys } = await (await isolate.admin("GET", "/admin/keys")).json<{ keys: object[] }>();
  expect(keys).toMatchObject([{ key_id, name: "a" }]);
  expect(await (await isolate.admin("GET", "/admin/audit")).text()).not.toMatch(/pst_|handover_0/);
});

test.each(["/admin/keys", "/admin/audit", "/admin/keys/0000000000000000/usage"])(
  "a key as a query parameter of %s is refused and not repeated",
  async (path) => {
    const text = await (await isolate.admin("GET", `${path}?${KEY}=1`)).text();
    expect(JSON.parse(text)).toMatchObject({ status_code: 400, error_message: "(a key): unknown field" });
    expect(text).not.toContain("pst_");
  },
);

test.each([
  ["an empty body", ""],
  ["invalid JSON", "{"],
  ["a JSON list", "[]"],
  ["a JSON null", "null"],
  ["a body over 64 KiB", `{"name":"${"a".repeat(65_536)}"}`],
  ["a name in __proto__", '{"__proto__":{"name":"a"},"scopes":["organizations:read"]}'],
  ["a field named __proto__", '{"name":"a","scopes":["organizations:read"],"__proto__":{}}'],
  [
    "a rate_limit in __proto__",
    '{"name":"a","scopes":["organizations:read"],"rate_limit":{"__proto__":{"limit":1,"period_seconds":1}}}',
  ],
  ["a byte order mark", '\ufeff{"name":"a","scopes":["organizations:read"]}'],
  ["a body of 201 levels", `{"name":${"[".repeat(201)}${"]".repeat(201)}}`],
])("%s is refused with 400", async (_, body) => {
  const response = await isolate.admin("POST", "/admin/keys", body);
  expect(await response.json()).toMatchObject({ status_code: 400, error_type: "invalid_request" });
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
])("the query %s is refused with the name of its parameter", async (query, parameter) => {
  const response = await isolate.admin("GET", `/admin/keys?${query}`);
  expect(response.status).toBe(400);
  expect((await response.json<{ error_message: string }>()).error_message.startsWith(`${parameter}: `)).toBe(
    true,
  );
});

test.each(["0000000000000000", "x", "..", "%2e%2e%2f", "0123456789ABCDEF"])(
  "the key ID %s is answered 404",
  async (id) => {
    for (const method of ["GET", "DELETE"]) {
      const response = await isolate.admin(method, `/admin/keys/${id}`);
      expect(response.status).toBe(404);
    }
  },
);
