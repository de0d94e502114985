/** Edits of keys: what they refuse, and what the audit says of them. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import type { Json } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { objectsThat } from "../support/fakes.ts";

const FIRST = "organization-test-00000000-0000-4000-8000-000000000001";
const SECOND = "organization-test-00000000-0000-4000-8000-000000000002";

const { at } = useClock();

let isolate: TestIsolate;
let keyId: string;

beforeEach(async () => {
  await emptyDirectory();
  isolate = createIsolate();
  ({ keyId } = await createKey(isolate, undefined, { organization_ids: [FIRST] }));
});

const edit = async (body: unknown) => await isolate.admin("PATCH", `/admin/keys/${keyId}`, body);
const show = async () => await (await isolate.admin("GET", `/admin/keys/${keyId}`)).json<Json>();
const updates = async () => {
  const { events } = await (await isolate.admin("GET", "/admin/audit")).json<{ events: Json[] }>();
  return events.filter(({ action }) => action === "key.updated");
};

test("the audit of an edit holds the changed fields as they were and as they are", async () => {
  const rate_limit = { limit: 5, period_seconds: 60 };
  await edit({ name: "Test", organization_ids: [SECOND], rate_limit, allowed_ips: ["203.0.113.7/24"] });
  expect((await updates()).map(({ detail }) => detail)).toEqual([
    {
      fields: ["organization_ids", "rate_limit", "allowed_ips"],
      before: { organization_ids: [FIRST], rate_limit: null, allowed_ips: null },
      after: { organization_ids: [SECOND], rate_limit, allowed_ips: ["203.0.113.0/24"] },
    },
  ]);
});

test.each([
  ["an empty edit", {}],
  ["an edit to the same name", { name: " Test " }],
  ["an edit to the same list", { organization_ids: [FIRST], scopes: ["organizations:read"] }],
  ["an edit of null to null", { rate_limit: null, fields: null }],
])("%s leaves the record as it is, without an event", async (_, body) => {
  const before = await show();
  at(10);
  const response = await edit(body);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(before);
  expect(await show()).toEqual(before);
  expect(await updates()).toEqual([]);
});

test.each([
  [{ organization_ids: ["acme"] }, "organization_ids.0: must be a whole organization ID"],
  [
    { organization_ids: [FIRST.replace("test", "live")] },
    "organization_ids.0: must be of the test environment",
  ],
  [{ allowed_ips: ["203.0.113.0/010"] }, "allowed_ips.0: must be an IPv4"],
  [{ fields: { member: ["nosuch"] } }, "fields.member.0: must name an existing field of member"],
])("the edit %j is refused and changes nothing", async (body, problem) => {
  const before = await show();
  const refused = await (await edit(body)).json<{ status_code: number; error_message: string }>();
  expect(refused.status_code).toBe(400);
  expect(refused.error_message).toContain(problem);
  expect(await show()).toEqual(before);
  expect(await updates()).toEqual([]);
});

test("an edit may set the end to the past, which ends the key", async () => {
  const response = await edit({ expires_at: "2020-01-01T00:00:00Z" });
  expect(await response.json()).toMatchObject({ status: "expired", expires_at: "2020-01-01T00:00:00Z" });
});

test("an edit whose answer a reset has lost is 503, and is made once", async () => {
  isolate = createIsolate({ API_KEY: objectsThat.loseFirstAnswer(env.API_KEY) });
  const response = await edit({ name: "Renamed" });
  expect(await response.json()).toMatchObject({ status_code: 503, error_type: "key_service_unavailable" });
  expect(await show()).toMatchObject({ name: "Renamed" });
  expect(await updates()).toHaveLength(1);
});

test("a rotation whose answer a reset has lost is 503, and is made once", async () => {
  isolate = createIsolate({ API_KEY: objectsThat.loseFirstAnswer(env.API_KEY) });
  const response = await isolate.admin("POST", `/admin/keys/${keyId}/rotate`, {});
  expect(await response.json()).toMatchObject({ status_code: 503, error_type: "key_service_unavailable" });
  expect(await show()).toMatchObject({ generation: 2 });
});
