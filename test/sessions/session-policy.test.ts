/** The body of a session policy. */
import { expect, test } from "vitest";
import { SessionPolicy } from "../../src/sessions/session-policy.ts";

test("a session policy needs nothing but scopes", () => {
  expect(SessionPolicy.parse({ scopes: ["organizations:read"] })).toEqual({
    scopes: ["organizations:read"],
    fields: null,
    rate_limit: null,
    max_age_seconds: 300,
    allow_impersonation: false,
  });
});

test("a session policy keeps what it is given, its scopes once and in order", () => {
  const policy = {
    scopes: ["members:read", "organizations:read", "members:read"],
    fields: { organization: ["organization_name"], member: ["trusted_metadata.plan"] },
    rate_limit: { limit: 60, period_seconds: 60 },
    max_age_seconds: 3_600,
    allow_impersonation: true,
  };
  expect(SessionPolicy.parse(policy)).toEqual({ ...policy, scopes: ["organizations:read", "members:read"] });
});
