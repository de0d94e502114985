/** The admin API of members' sessions. */
import { beforeEach, expect, test, vi } from "vitest";
import { Directory } from "../../src/directory/directory.ts";
import type { Json } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { logLines } from "../support/egress.ts";
import { objectsThat } from "../support/fakes.ts";

const { at, iso } = useClock();
const POLICY_PATH = "/admin/session-policy";
const REVOKE_PATH = "/admin/sessions/revoke";
const POLICY = {
  scopes: ["organizations:read"],
  fields: { organization: ["organization_name"], member: null },
  rate_limit: { limit: 60, period_seconds: 60 },
  max_age_seconds: 600,
  allow_impersonation: true,
};
const UUID = "00000000-0000-4000-8000-00000000000a";
const MEMBER_ID = `member-test-${UUID}`;
const ORGANIZATION_ID = `organization-test-${UUID}`;
const SESSION_ID = `session-test-${UUID}`;

let isolate: TestIsolate;
beforeEach(async () => {
  await emptyDirectory();
  isolate = createIsolate();
});
const put = async (body: unknown = POLICY) => await isolate.admin("PUT", POLICY_PATH, body);
const revoke = async (body: unknown) => await isolate.admin("POST", REVOKE_PATH, body);
const audit = async () =>
  (await (await isolate.admin("GET", "/admin/audit")).json<{ events: Json[] }>()).events;
const errorOf = async (response: Response) => {
  const { error_type, error_message } = await response.json<{ error_type: string; error_message: string }>();
  return [response.status, error_type, error_message.split(":")[0]];
};

test("a policy that is set is shown until it is removed", async () => {
  for (const method of ["GET", "DELETE"]) {
    expect(await (await isolate.admin(method, POLICY_PATH)).json()).toMatchObject({
      status_code: 404,
      error_type: "session_policy_not_found",
    });
  }
  const answer = await put();
  expect([answer.status, await answer.json()]).toEqual([200, POLICY]);
  expect(await (await isolate.admin("GET", POLICY_PATH)).json()).toEqual(POLICY);
  const removed = await isolate.admin("DELETE", POLICY_PATH);
  expect([removed.status, await removed.json()]).toEqual([200, POLICY]);
  expect((await isolate.admin("GET", POLICY_PATH)).status).toBe(404);
  expect((await isolate.admin("DELETE", POLICY_PATH)).status).toBe(404);
});

test("a policy is replaced as a whole: what is left out has its default again", async () => {
  await put();
  const expected = { scopes: ["members:read"], fields: null, rate_limit: null, max_age_seconds: 300 };
  expect(await (await put({ scopes: ["members:read"] })).json()).toEqual({
    ...expected,
    allow_impersonation: false,
  });
});

test("the audit has each change of the policy, and none that changes nothing", async () => {
  await put();
  at(1);
  await put();
  at(2);
  const changed = { ...POLICY, max_age_seconds: 60 };
  await put(changed);
  at(3);
  await isolate.admin("DELETE", POLICY_PATH);
  await isolate.admin("DELETE", POLICY_PATH);
  expect(await audit()).toEqual([
    {
      at: iso(3),
      action: "session_policy.deleted",
      actor: "token",
      key_id: null,
      detail: { before: changed },
    },
    {
      at: iso(2),
      action: "session_policy.updated",
      actor: "token",
      key_id: null,
      detail: { before: POLICY, after: changed },
    },
    { at: iso(0), action: "session_policy.updated", actor: "token", key_id: null, detail: { after: POLICY } },
  ]);
});

test.each<[unknown, string]>([
  [{}, "scopes"],
  [{ ...POLICY, scopes: [] }, "scopes"],
  [{ ...POLICY, scopes: "organizations:read" }, "scopes"],
  [{ ...POLICY, scopes: ["organizations:read", "cache:refresh"] }, "scopes.1"],
  [{ ...POLICY, scopes: ["members:dangerously_get"] }, "scopes.0"],
  [{ ...POLICY, fields: { organization: ["nope"] } }, "fields.organization.0"],
  [{ ...POLICY, fields: [] }, "fields"],
  [{ ...POLICY, rate_limit: { limit: 0, period_seconds: 1 } }, "rate_limit.limit"],
  [{ ...POLICY, rate_limit: { limit: 1 } }, "rate_limit.period_seconds"],
  [{ ...POLICY, max_age_seconds: 59 }, "max_age_seconds"],
  [{ ...POLICY, max_age_seconds: 3_601 }, "max_age_seconds"],
  [{ ...POLICY, max_age_seconds: 60.5 }, "max_age_seconds"],
  [{ ...POLICY, max_age_seconds: "300" }, "max_age_seconds"],
  [{ ...POLICY, max_age_seconds: null }, "max_age_seconds"],
  [{ ...POLICY, allow_impersonation: "false" }, "allow_impersonation"],
  [{ ...POLICY, organization_ids: null }, "organization_ids"],
  [{ ...POLICY, expires_at: null }, "expires_at"],
  [[], "the body must be a JSON object"],
  ["", "the body must be JSON"],
])("the policy %j is refused with the name of its field", async (body, field) => {
  expect(await errorOf(await put(body))).toEqual([400, "invalid_request", field]);
  expect((await isolate.admin("GET", POLICY_PATH)).status).toBe(404);
});

test("the bounds of max_age_seconds are allowed", async () => {
  for (const max_age_seconds of [60, 3_600]) {
    expect((await put({ ...POLICY, max_age_seconds })).status).toBe(200);
  }
});

test.each([
  ["member_session_id", SESSION_ID],
  ["member_session_id", `member-session-test-${UUID}`],
  ["member_session_id", UUID],
  ["member_id", MEMBER_ID],
  ["organization_id", ORGANIZATION_ID],
])("a revocation by %s is answered with its ID, and is in the audit", async (name, id) => {
  const answer = await revoke({ [name]: id });
  expect([answer.status, await answer.json()]).toEqual([200, { revoked: id }]);
  expect(await audit()).toEqual([
    {
      at: iso(0),
      action: "session.revoked",
      actor: "token",
      key_id: null,
      detail: { [name]: id, by: "admin" },
    },
  ]);
  expect(JSON.stringify(logLines())).not.toContain(UUID);
});

test.each<[unknown, string]>([
  [{}, "member_session_id"],
  [{ member_id: MEMBER_ID, organization_id: ORGANIZATION_ID }, "organization_id"],
  [{ member_session_id: SESSION_ID, member_id: MEMBER_ID }, "member_id"],
  [{ member_id: null }, "member_id"],
  [{ member_id: 7 }, "member_id"],
  [{ member_id: "" }, "member_id"],
  [{ member_id: "a/b" }, "member_id"],
  [{ member_id: "ada" }, "member_id"],
  [{ member_id: MEMBER_ID.replace("test", "live") }, "member_id"],
  [{ member_id: ORGANIZATION_ID }, "member_id"],
  [{ member_id: `member-session-test-${UUID}` }, "member_id"],
  [{ member_id: "member-test-" }, "member_id"],
  [{ member_id: `${MEMBER_ID} ` }, "member_id"],
  [{ organization_id: `\u00a0${ORGANIZATION_ID}` }, "organization_id"],
  [{ member_session_id: `${SESSION_ID}\u200b` }, "member_session_id"],
  [{ member_session_id: SESSION_ID.replace("test", "live") }, "member_session_id"],
  [{ member_session_id: `member-session-live-${UUID}` }, "member_session_id"],
  [{ member_session_id: "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJzdHl0Y2gifQ.c2ln" }, "member_session_id"],
  [{ organization_id: "acme" }, "organization_id"],
  [{ organization_id: MEMBER_ID }, "organization_id"],
  [{ organization_id: ORGANIZATION_ID.replace("test", "live") }, "organization_id"],
  [{ member_session_id: MEMBER_ID }, "member_session_id"],
  [{ member_session_id: ORGANIZATION_ID }, "member_session_id"],
  [{ member_session_id: "a".repeat(257) }, "member_session_id"],
  [{ member_session_id: `pst_test_0123456789abcdef_${"a".repeat(58)}` }, "member_session_id"],
  [{ session_id: SESSION_ID }, "session_id"],
  [{ member_id: MEMBER_ID, reason: "left" }, "reason"],
  [[], "the body must be a JSON object"],
])("the revocation %j is refused with the name of its field, and revokes nothing", async (body, field) => {
  expect(await errorOf(await revoke(body))).toEqual([400, "invalid_request", field]);
  expect(isolate.counts.objects).toEqual({});
});

test.each([
  ["POST", POLICY_PATH, "GET, HEAD, PUT, DELETE"],
  ["PATCH", POLICY_PATH, "GET, HEAD, PUT, DELETE"],
  ["GET", REVOKE_PATH, "POST"],
  ["DELETE", REVOKE_PATH, "POST"],
  ["POST", `${POLICY_PATH}/usage`, "GET, HEAD"],
])("%s %s is 405 with the methods that are allowed", async (method, path, allow) => {
  const answer = await isolate.admin(method, path);
  expect([answer.status, answer.headers.get("Allow")]).toEqual([405, allow]);
});

test("the paths of sessions need the admin token", async () => {
  for (const [method, path] of [
    ["PUT", POLICY_PATH],
    ["GET", POLICY_PATH],
    ["DELETE", POLICY_PATH],
    ["GET", `${POLICY_PATH}/usage`],
    ["POST", REVOKE_PATH],
  ] as const) {
    expect((await isolate.call(path, { method })).status).toBe(401);
  }
  expect(isolate.counts.objects).toEqual({});
});

test("usage is 404 without a policy, and its query is checked", async () => {
  const usage = async (query: string) => await isolate.admin("GET", `${POLICY_PATH}/usage${query}`);
  expect((await usage("")).status).toBe(404);
  await put();
  expect(await (await usage("?hours=720")).json()).toEqual({ hours: [] });
  for (const query of ["?hours=0", "?hours=721", "?hours=x", "?days=1"]) {
    expect((await usage(query)).status).toBe(400);
  }
});

test("while the Directory fails, a change says that it may have been made", async () => {
  isolate = createIsolate({ DIRECTORY: objectsThat.fail() });
  for (const [method, path, body, isChange] of [
    ["PUT", POLICY_PATH, POLICY, true],
    ["DELETE", POLICY_PATH, undefined, true],
    ["POST", REVOKE_PATH, { member_id: MEMBER_ID }, true],
    ["GET", POLICY_PATH, undefined, false],
    ["GET", `${POLICY_PATH}/usage`, undefined, false],
  ] as const) {
    const answer = await isolate.admin(method, path, body);
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "1"]);
    const error = await answer.json<{ error_type: string; error_message: string }>();
    expect(error.error_type).toBe("directory_unavailable");
    expect(error.error_message.includes("not known whether")).toBe(isChange);
    expect(logLines().at(-1)).toMatchObject({ degraded: ["directory"], status: 503 });
  }
});

test("a removal whose answer was lost is not made a second time by Postern itself", async () => {
  await put();
  const real = Directory.prototype.setSessionPolicy;
  vi.spyOn(Directory.prototype, "setSessionPolicy").mockImplementationOnce(function (
    this: Directory,
    ...given
  ) {
    real.apply(this, given);
    throw Object.assign(new Error("reset"), { retryable: true });
  });
  expect((await isolate.admin("DELETE", POLICY_PATH)).status).toBe(503);
  expect(isolate.counts.objects["setSessionPolicy"]).toBe(2);
  expect((await isolate.admin("DELETE", POLICY_PATH)).status).toBe(404);
});
