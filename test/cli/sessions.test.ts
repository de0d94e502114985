import { expect, test, vi } from "vitest";
import type { AdminApi } from "../../cli/client.ts";
import { removeSessionPolicy, revokeSessions, setSessionPolicy } from "../../cli/commands/sessions.ts";
import { sessionPolicyText } from "../../cli/format.ts";
import { parseSessionName } from "../../cli/options.ts";
import { revocationBody, sessionPolicyBody } from "../../cli/policy-body.ts";

const POLICY = {
  scopes: ["organizations:read", "members:read"],
  fields: { organization: ["organization_name"], member: null },
  rate_limit: { limit: 60, period_seconds: 60 },
  max_age_seconds: 120,
  allow_impersonation: true,
};

/** An admin API that answers with `document` and records the calls. */
function fakeApi(document: object = POLICY) {
  const calls: string[] = [];
  const api: AdminApi = {
    origin: "https://postern.example",
    call: (method, path, body, ifUncertain) => {
      calls.push([method, path, JSON.stringify(body), ifUncertain].join(" ").trim());
      return Promise.resolve(document);
    },
  };
  return { api, calls };
}

test("the body of a session policy has what is given, and nothing else", () => {
  expect(sessionPolicyBody({ scope: ["members:read"] })).toEqual({ scopes: ["members:read"] });
  expect(
    sessionPolicyBody({
      scope: POLICY.scopes,
      field: ["organization.organization_name"],
      limit: POLICY.rate_limit,
      maxAge: 120,
      allowImpersonation: true,
    }),
  ).toEqual(POLICY);
});

test("a session policy is shown line by line, with words for null", () => {
  expect(sessionPolicyText(POLICY).split("\n")).toEqual([
    "scopes                  organizations:read, members:read",
    "fields of organization  organization_name",
    "fields of member        all",
    "rate limit of a member  60/60",
    "max age of a token      120 s",
    "impersonation           allowed",
  ]);
  const open = { ...POLICY, fields: null, rate_limit: null, allow_impersonation: false };
  expect(sessionPolicyText(open)).toMatch(/of organization {2}all\n.*all\n.*none\n.*120 s\n.*refused$/);
});

test("fields of members without members:read are a warning", async () => {
  const policy = {
    ...POLICY,
    scopes: ["organizations:read"],
    fields: { organization: null, member: ["name"] },
  };
  const warned = await setSessionPolicy(fakeApi(policy).api, {});
  expect(warned.warnings).toEqual(["The fields of member have no effect without members:read."]);
  expect((await setSessionPolicy(fakeApi().api, {})).warnings).toEqual([]);
});

test("remove asks first, and a no changes nothing", async () => {
  const { api, calls } = fakeApi();
  const no = vi.fn(() => Promise.resolve(false));
  await expect(removeSessionPolicy(api, {}, no)).rejects.toThrow("nothing was changed");
  await expect(removeSessionPolicy(api, {}, null)).rejects.toMatchObject({ exitCode: 2 });
  expect(no).toHaveBeenCalledTimes(1);
  expect(calls).toEqual([]);
  await removeSessionPolicy(api, {}, () => Promise.resolve(true));
  await removeSessionPolicy(api, { yes: true }, null);
  expect(calls).toHaveLength(2);
});

test.each([
  [{ session: "s" }, { member_session_id: "s" }],
  [{ member: "m" }, { member_id: "m" }],
  [{ organization: "o" }, { organization_id: "o" }],
])("the revocation %j has the body %j", (options, body) => {
  expect(revocationBody(options)).toEqual(body);
});

test.each([{}, { session: "s", member: "m" }, { member: "m", organization: "o" }])(
  "the revocation %j is wrong usage",
  (options) => {
    expect(() => revocationBody(options)).toThrow("exactly one of --session, --member and --organization");
  },
);

test("a revocation says what it does not end, and that it may be repeated", async () => {
  const { api, calls } = fakeApi({ revoked: "member-live-1\u001b" });
  const { text, note } = await revokeSessions(api, { member_id: "member-live-1" });
  expect(text()).toContain("of member-live-1\\u{1b} that were issued up to now");
  expect(note).toContain("at Stytch, too");
  expect(calls).toEqual([
    'POST /admin/sessions/revoke {"member_id":"member-live-1"}  It is safe to repeat a revocation.',
  ]);
});

test("an ID to revoke is neither a key nor a token", () => {
  expect(parseSessionName("member-live-1")).toBe("member-live-1");
  for (const text of [`pst_test_0123456789abcdef_${"k".repeat(50)}`, "eyJhbGciOi.eyJz.c2ln", "a/b", ""]) {
    expect(() => parseSessionName(text)).toThrow();
  }
});
