/** Which events of Stytch revoke sessions, whose, and up to which moment. */
import { expect, test } from "vitest";
import { revocationsIn } from "../../src/webhooks/session-revocation.ts";
import { NOW } from "../support/clock.ts";
import { ACME, ADA, event, MEMBER, ORGANIZATION, PROJECT } from "../support/event.ts";

const at = (ms: number) => new Date(ms).toISOString();
const revocations = (fields: Record<string, unknown>) =>
  revocationsIn(event({ timestamp: at(NOW), ...fields }), PROJECT, NOW);
const member = (fields: Record<string, unknown>) =>
  revocations({ object_type: "member", id: MEMBER, ...fields });

test.each(["DIRECT", "DASHBOARD", "SCIM"])("a member that %s deletes has its sessions revoked", (source) => {
  expect(member({ source, action: "DELETE" })).toEqual([{ kind: "member", id: MEMBER, revokedAt: NOW }]);
});

test.each(["deleted", "pending", "invited", "DELETED", "something_new", ""])(
  "a member whose status becomes %j has its sessions revoked",
  (status) => {
    expect(member({ member: { ...ADA, status } })).toEqual([{ kind: "member", id: MEMBER, revokedAt: NOW }]);
  },
);

test.each<[string, Record<string, unknown>]>([
  ["keeps a member active", { member: { ...ADA, status: "active" } }],
  ["keeps a member ACTIVE", { member: { ...ADA, status: "ACTIVE" } }],
  ["says nothing of the status", { member: ADA }],
  ["has a status that is no text", { member: { ...ADA, status: { toString: null } } }],
  ["has no member", { member: null }],
  ["creates an invited member", { action: "CREATE", member: { ...ADA, status: "invited" } }],
  ["has no valid ID", { action: "DELETE", id: "a/b" }],
  ["is of another project", { action: "DELETE", project_id: "project-test-1" }],
  ["deletes a connection", { action: "DELETE", object_type: "saml_connection" }],
  ["has a type in a list", { action: ["DELETE"] }],
])("an event that %s revokes nothing", (_, fields) => {
  expect(member(fields)).toEqual([]);
});

test("a member's ID may be in the object or in the details only", () => {
  const expected = [{ kind: "member", id: MEMBER, revokedAt: NOW }];
  expect(member({ id: undefined, member: { ...ADA, status: "deleted" } })).toEqual(expected);
  expect(member({ id: undefined, action: "DELETE", details: { member_id: MEMBER } })).toEqual(expected);
});

test("a deleted organization has the sessions of all members revoked, by its ID alone", () => {
  const fields = { object_type: "organization", action: "DELETE", id: ORGANIZATION, organization: ACME };
  expect(revocations(fields)).toEqual([{ kind: "organization", id: ORGANIZATION, revokedAt: NOW }]);
  for (const action of ["CREATE", "UPDATE"]) expect(revocations({ ...fields, action })).toEqual([]);
});

test.each<[string, unknown]>([
  ["a minute ago", at(NOW - 60_000)],
  ["years ago", "2024-03-04T05:06:07.123456Z"],
  ["in the future", at(NOW + 60_000)],
  ["unknown", undefined],
  ["malformed", "yesterday"],
])("an event whose own time is %s revokes as of its delivery", (_, timestamp) => {
  expect(member({ action: "DELETE", timestamp })).toEqual([{ kind: "member", id: MEMBER, revokedAt: NOW }]);
});

test.each([null, undefined, 7, "member", [], true])("the body %j revokes nothing", (body) => {
  expect(revocationsIn(body, PROJECT, NOW)).toEqual([]);
});
