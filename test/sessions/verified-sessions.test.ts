import { expect, test } from "vitest";
import { SessionPolicy } from "../../src/sessions/session-policy.ts";
import { accessOf, VerifiedSessions } from "../../src/sessions/verified-sessions.ts";
import type { Session } from "../../src/sessions/verify-session.ts";

const SESSION: Session = {
  sessionId: "member-session-test-1",
  memberId: "member-test-1",
  organizationId: "organization-test-1",
  issuedAt: 0,
  expiresAt: 300,
  isImpersonated: false,
};

test("a token is found by its whole text, and 4,000 are remembered", () => {
  const sessions = new VerifiedSessions();
  for (let token = 0; token < 4_001; token += 1) sessions.add(`token ${token}`, SESSION);
  expect(sessions.size).toBe(4_000);
  expect(sessions.get("token 0")).toBeUndefined();
  expect(sessions.get("token 4000")?.session).toBe(SESSION);
  for (const other of ["token 40000", "token 4000 ", "TOKEN 4000"])
    expect(sessions.get(other)).toBeUndefined();
  sessions.delete("token 4000");
  expect(sessions.get("token 4000")).toBeUndefined();
});

test("the access of a session is made once for each policy, and holds its own organization and member alone", () => {
  const verified = new VerifiedSessions().add("token", SESSION);
  const policy = SessionPolicy.parse({ scopes: ["organizations:read"] });
  const access = accessOf(verified, policy);
  expect(access).toEqual({
    scopes: ["organizations:read"],
    organization_ids: ["organization-test-1"],
    fields: null,
    member_id: "member-test-1",
  });
  expect(accessOf(verified, policy)).toBe(access);
  const fields = { organization: ["organization_name"] };
  const next = SessionPolicy.parse({ scopes: ["members:read"], fields });
  expect(accessOf(verified, next)).toMatchObject({ scopes: ["members:read"], fields });
});
