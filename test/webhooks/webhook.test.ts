/** Webhooks about members and connections, about nothing that Postern caches, and while parts of Postern fail. */
import { beforeEach, expect, test, vi } from "vitest";
import { Organization } from "../../src/cache/object/organization.ts";
import { Directory } from "../../src/directory/directory.ts";
import { type Json, member, organizationEnvelope } from "../support/bodies.ts";
import { nameIn, statusOf } from "../support/cached.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { json, stubUpstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";
import { SECRET, signed } from "../support/webhook.ts";
import {
  eventNow,
  expectAccepted,
  expectNothingPurged,
  LEASE_SECONDS,
  setUpWebhooks,
  WEBHOOK_PATH,
  type WebhookSetUp,
} from "../support/webhook-receiver.ts";

const clock = useClock();
let setUp: WebhookSetUp;
let receiver: TestIsolate;
let key: string;

beforeEach(async () => {
  setUp = await setUpWebhooks();
  ({ isolate: receiver, key } = setUp);
});

const memberEvent = (fields: Json) => eventNow({ object_type: "member", source: "SCIM", ...fields });
const id = () => setUp.organization["organization_id"];
const nameAt = async (reader: TestIsolate) => await nameIn(await reader.call(setUp.path, { key }));

test.each<[string, () => Json, Record<string, number>?]>([
  [
    "the end of a member, with details",
    () => memberEvent({ action: "DELETE", id: "member-1", details: { organization_id: id() } }),
    { revokeSessions: 1 },
  ],
  [
    "an update of a member",
    () => {
      const ada = member({ organization_id: id() });
      return memberEvent({ id: ada["member_id"], member: ada });
    },
  ],
  ...["saml_connection", "oidc_connection", "scim_connection"].map((type): [string, () => Json] => [
    `an update of a ${type}`,
    () => eventNow({ object_type: type, id: `${type}-1`, [type]: { organization_id: id() } }),
  ]),
])("%s purges the organization in every isolate", async (_, body, otherCalls = {}) => {
  const far = createIsolate();
  for (const reader of [receiver, far]) await reader.call(setUp.path, { key });
  setUp.change({ organization_name: "Renamed" });
  receiver.resetCounts();
  await expectAccepted(await setUp.deliver(body()));
  expect(receiver.counts.objects).toEqual({ purge: 2, ...otherCalls });
  expect(await nameAt(receiver)).toBe("Renamed");
  clock.at(LEASE_SECONDS);
  expect(await nameAt(far)).toBe("Renamed");
});

test.each<[string, () => unknown]>([
  ["without an organization", () => memberEvent({ action: "CREATE", id: "member-1" })],
  ["of an unknown type", () => eventNow({ object_type: "vault", id: id(), vault: setUp.organization })],
  [
    "of another project",
    () => setUp.updateEvent({ project_id: TEST_VARS.STYTCH_PROJECT_ID.replaceAll("2", "3") }),
  ],
  ["without a valid identifier", () => setUp.updateEvent({ id: "a/b", organization: {} })],
  ["without a type", () => setUp.updateEvent({ object_type: null })],
  ["that is a list", () => [setUp.updateEvent()]],
  ["that is null", () => null],
  ["that is not JSON", () => "organization=acme"],
  ["that is cut off", () => JSON.stringify(setUp.updateEvent()).slice(0, -1)],
  ["that is empty", () => ""],
  ["of 201 levels", () => `${"[".repeat(201)}${"]".repeat(201)}`],
  [
    "with an object that has no text",
    () => setUp.updateEvent({ source: { toString: null }, object_type: "vault" }),
  ],
])("a signed event %s is accepted, and changes nothing", async (_, body) => {
  await receiver.call(setUp.path, { key });
  receiver.resetCounts();
  await expectAccepted(await setUp.deliver(body()));
  await expectNothingPurged(setUp, clock.at);
});

test("an event is answered with 503 and purges nothing while the Directory fails", async () => {
  const { path } = setUp;
  await receiver.call(path, { key });
  receiver.resetCounts();
  vi.spyOn(Directory.prototype, "purge").mockImplementation(() => {
    throw new Error("the directory fails");
  });
  const request = signed(setUp.updateEvent());
  const failed = await receiver.call(WEBHOOK_PATH, request);
  expect([failed.status, failed.headers.get("Retry-After")]).toEqual([503, "1"]);
  expect(await failed.json()).toMatchObject({ error_type: "purge_unavailable" });
  expect(logLines().at(-1)).toMatchObject({ status: 503, degraded: ["directory"] });
  // The call of the Directory was the only one.
  expect(receiver.counts.objects).toEqual({ purge: 1 });
  expect(statusOf(await receiver.call(path, { key }))).toMatch(/^postern; hit/);
  vi.restoreAllMocks();
  stubUpstream(() => json(organizationEnvelope(setUp.organization)));
  setUp.change({ organization_name: "Renamed" });
  await expectAccepted(await receiver.call(WEBHOOK_PATH, request));
  expect(await nameAt(receiver)).toBe("Renamed");
});

test("a purge by an event holds while the organization's object fails", async () => {
  const far = createIsolate();
  for (const reader of [receiver, far]) await reader.call(setUp.path, { key });
  setUp.change({ organization_name: "Renamed" });
  vi.spyOn(Organization.prototype, "purge").mockRejectedValue(new Error("gone"));
  await expectAccepted(await setUp.deliver(setUp.updateEvent()));
  expect(logLines().at(-1)).toMatchObject({ status: 204, degraded: ["organization_object"] });
  expect(await nameAt(receiver)).toBe("Renamed");
  clock.at(LEASE_SECONDS);
  expect(await nameAt(far)).toBe("Renamed");
});

test("the log has the type of an event and whether it purged, and nothing of its body", async () => {
  const isolate = createIsolate({ STYTCH_WEBHOOK_SECRET: SECRET });
  const deliver = async (event: object) => {
    expect((await isolate.call(WEBHOOK_PATH, signed(event))).status).toBe(204);
    return logLines().at(-1);
  };
  const update = { source: "DIRECT", action: "UPDATE", id: "organization-logged" };
  expect(await deliver({ ...update, object_type: "organization" })).toMatchObject({
    webhook: { event: "direct.organization.update", purges: true },
  });
  expect(await deliver({ ...update, object_type: "session" })).toMatchObject({
    webhook: { event: "direct.session.update", purges: false },
  });
  expect(JSON.stringify(logLines())).not.toContain("organization-logged");
});
