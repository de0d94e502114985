/** Who may use the admin API, and what it answers while objects fail. */
import { beforeEach, expect, test } from "vitest";
import { toWholeRecord } from "../../src/keys/whole-record.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { objectsThat } from "../support/fakes.ts";
import { recordOf } from "../support/record.ts";
import { TEST_VARS } from "../support/vars.ts";

useClock();

let isolate: TestIsolate;
beforeEach(() => {
  isolate = createIsolate();
});

test.each([
  ["no token", {}],
  ["another token", { Authorization: "Bearer not-the-token" }],
  ["a prefix of the token", { Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN.slice(0, -1)}` }],
  ["the token and more", { Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN}0` }],
  ["the token as Basic", { Authorization: `Basic ${btoa(`a:${TEST_VARS.ADMIN_TOKEN}`)}` }],
])("with %s the admin API answers 401 and calls no object", async (_, headers) => {
  for (const [method, path] of [
    ["GET", "/admin/keys"],
    ["POST", "/admin/keys"],
    ["DELETE", "/admin/keys/0123456789abcdef"],
    ["GET", "/admin/anything"],
    ["GET", "/admin"],
  ] as const) {
    const response = await isolate.call(path, { method, headers });
    expect(response.status).toBe(401);
    expect(response.headers.get("WWW-Authenticate")).toMatch(/^Bearer realm="postern"/);
    expect(await response.json()).toMatchObject({ error_type: "invalid_admin_token" });
  }
  expect(isolate.counts.objects).toEqual({});
});

test("a Postern key is not an admin token", async () => {
  const { key } = await createKey(isolate);
  expect((await isolate.call("/admin/keys", { key })).status).toBe(401);
});

test("without ADMIN_TOKEN every path of the admin API is 404", async () => {
  const without = createIsolate({ ADMIN_TOKEN: "" });
  for (const path of ["/admin", "/admin/keys", "/admin/keys/0123456789abcdef"]) {
    const response = await without.admin("GET", path);
    expect(await response.json()).toMatchObject({ status_code: 404, error_type: "route_not_found" });
  }
});

test.each(["/admin/keys", "/admin/keys/0123456789abcdef/rotate"])(
  "a 503 to POST %s says that the change may have been made",
  async (path) => {
    const failing = createIsolate({ API_KEY: objectsThat.fail() });
    const body = path.endsWith("keys") ? { name: "a", scopes: ["organizations:read"] } : {};
    const response = await failing.admin("POST", path, body);
    expect(await response.json()).toMatchObject({
      status_code: 503,
      error_message: expect.stringContaining("It is not known whether the change was made."),
    });
  },
);

const KEY = recordOf({ key_id: "0123456789abcdef" });
const WHOLE_RECORD = toWholeRecord(KEY, TEST_VARS.STYTCH_PROJECT_ID);

test.each([
  ["throws", new Error("the object is gone")],
  ["is overloaded", Object.assign(new Error("overloaded"), { overloaded: true })],
])("an object that %s makes admin calls 503, neither a defect nor a 404", async (_, error) => {
  const failing = createIsolate({ API_KEY: objectsThat.fail(error), DIRECTORY: objectsThat.fail(error) });
  for (const [method, path, body, part] of [
    ["POST", "/admin/keys", { name: "a", scopes: ["organizations:read"] }, "key_object"],
    ["GET", "/admin/keys", undefined, "directory"],
    ["GET", "/admin/audit", undefined, "directory"],
    ["GET", "/admin/keys/0123456789abcdef", undefined, "key_object"],
    ["PATCH", "/admin/keys/0123456789abcdef", {}, "key_object"],
    ["DELETE", "/admin/keys/0123456789abcdef", undefined, "key_object"],
    ["POST", "/admin/keys/0123456789abcdef/rotate", {}, "key_object"],
    ["GET", "/admin/keys/0123456789abcdef/usage", undefined, "key_object"],
    ["GET", "/admin/keys/0123456789abcdef/record", undefined, "key_object"],
    ["PUT", "/admin/keys/0123456789abcdef/record", WHOLE_RECORD, "key_object"],
  ] as const) {
    const response = await failing.admin(method, path, body);
    expect(await response.json(), `${method} ${path}`).toMatchObject({
      error_type: part === "directory" ? "directory_unavailable" : "key_service_unavailable",
    });
    expect(response.headers.get("Retry-After")).toBe("1");
    expect(logLines().at(-1)).toMatchObject({ degraded: [part], status: 503 });
  }
});
