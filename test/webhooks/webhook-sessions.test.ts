/** Webhooks that end members and organizations: their sessions are refused in every isolate. */
import { beforeEach, expect, test, vi } from "vitest";
import { Directory } from "../../src/directory/directory.ts";
import { type Json, member } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { logLines } from "../support/egress.ts";
import { createSessionIsolate, sessionAt } from "../support/session-isolate.ts";
import { SECRET, signed } from "../support/webhook.ts";
import { eventNow, expectAccepted, LEASE_SECONDS, WEBHOOK_PATH } from "../support/webhook-receiver.ts";

const { at, iso } = useClock();
const receiver = createIsolate({ STYTCH_WEBHOOK_SECRET: SECRET });
const deliver = async (event: Json) => await receiver.call(WEBHOOK_PATH, signed(event));

const ORGANIZATION_ID = `organization-test-${crypto.randomUUID()}`;
const ended = (memberId: string, fields: Json = {}) =>
  eventNow({ object_type: "member", action: "DELETE", id: memberId, ...fields });
const deactivated = (memberId: string) =>
  eventNow({
    object_type: "member",
    id: memberId,
    member: { ...member({ member_id: memberId, organization_id: ORGANIZATION_ID }), status: "pending" },
  });

let token: ReturnType<typeof sessionAt>;
let other: ReturnType<typeof sessionAt>;
beforeEach(async () => {
  await emptyDirectory();
  receiver.resetCounts();
  token = sessionAt(Date.now(), { organizationId: ORGANIZATION_ID });
  other = sessionAt(Date.now());
});

test.each<[string, () => Json]>([
  ["deletes a member", () => ended(token.memberId)],
  [
    "deletes a member, with details",
    () => ended(token.memberId, { details: { organization_id: ORGANIZATION_ID } }),
  ],
  ["makes a member pending", () => deactivated(token.memberId)],
  [
    "deletes an organization",
    () => eventNow({ object_type: "organization", action: "DELETE", id: ORGANIZATION_ID }),
  ],
])("an event that %s revokes in every isolate within LEASE_SECONDS", async (_, event) => {
  const far = createSessionIsolate();
  expect(await far.isRevoked(token)).toBe(false);
  at(1);
  await expectAccepted(await deliver(event()));
  at(LEASE_SECONDS);
  for (const isolate of [far, createSessionIsolate()]) {
    expect(await isolate.isRevoked(token)).toBe(true);
    expect(await isolate.isRevoked(other)).toBe(false);
  }
  // A member that is active again gets a token that works.
  const { memberId, organizationId } = token;
  expect(await far.isRevoked(sessionAt(Date.now(), { memberId, organizationId }))).toBe(false);
});

test("an event that keeps a member active revokes nothing", async () => {
  const active = { ...member({ member_id: token.memberId }), status: "active" };
  await expectAccepted(
    await deliver(eventNow({ object_type: "member", id: token.memberId, member: active })),
  );
  expect(receiver.counts.objects["revokeSessions"]).toBeUndefined();
  expect(await createSessionIsolate().isRevoked(token)).toBe(false);
});

test("a repeated event ends what was issued before it, and nothing issued after it", async () => {
  const event = ended(token.memberId);
  await expectAccepted(await deliver(event));
  const { memberId } = token;
  at(10);
  const before = sessionAt(Date.now(), { memberId });
  expect(await createSessionIsolate().isRevoked(before)).toBe(false);
  at(20);
  await expectAccepted(await deliver(event));
  at(21);
  const reader = createSessionIsolate();
  for (const one of [token, before]) expect(await reader.isRevoked(one)).toBe(true);
  expect(await reader.isRevoked(sessionAt(Date.now(), { memberId }))).toBe(false);
});

test("an unsigned event revokes nothing", async () => {
  const { headers: _, ...unsigned } = signed(ended(token.memberId));
  expect((await receiver.call(WEBHOOK_PATH, unsigned)).status).toBe(401);
  expect(await createSessionIsolate().isRevoked(token)).toBe(false);
});

test("an event is 503 while the Directory fails, and revokes when it is sent again", async () => {
  vi.spyOn(Directory.prototype, "revokeSessions").mockImplementation(() => {
    throw new Error("gone");
  });
  const request = signed(ended(token.memberId));
  const failed = await receiver.call(WEBHOOK_PATH, request);
  expect([failed.status, failed.headers.get("Retry-After")]).toEqual([503, "1"]);
  expect(await failed.json()).toMatchObject({ error_type: "directory_unavailable" });
  vi.restoreAllMocks();
  await expectAccepted(await receiver.call(WEBHOOK_PATH, request));
  expect(await createSessionIsolate().isRevoked(token)).toBe(true);
});

test("the log names a failing Directory once, though the purge and the revocation fail", async () => {
  for (const method of ["purge", "revokeSessions"] as const) {
    vi.spyOn(Directory.prototype, method).mockImplementation(() => {
      throw new Error("gone");
    });
  }
  const event = eventNow({ object_type: "organization", action: "DELETE", id: ORGANIZATION_ID });
  expect((await deliver(event)).status).toBe(503);
  expect(logLines().at(-1)?.["degraded"]).toEqual(["directory"]);
});

test("what webhooks revoke is in the audit if there is a policy, and never in the log", async () => {
  const events = async () =>
    (await (await receiver.admin("GET", "/admin/audit")).json<{ events: Json[] }>()).events;
  await expectAccepted(await deliver(ended(token.memberId)));
  expect(await events()).toEqual([]);
  await receiver.admin("PUT", "/admin/session-policy", { scopes: ["organizations:read"] });
  await expectAccepted(await deliver(ended(token.memberId)));
  expect((await events()).find(({ action }) => action === "session.revoked")).toEqual({
    at: iso(0),
    action: "session.revoked",
    actor: "webhook",
    key_id: null,
    detail: { member_id: token.memberId, by: "webhook", event: "dashboard.member.delete" },
  });
  expect(logLines()).toContainEqual(
    expect.objectContaining({
      webhook: { event: "dashboard.member.delete", purges: false, revokes: true },
    }),
  );
  expect(JSON.stringify(logLines())).not.toContain(token.memberId);
});
