/** `npm run keys -- sessions` against Postern. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectError, runKeys, TOKEN } from "./keys-process.ts";
import { type SandboxedPostern, startPostern } from "./postern.ts";

const MEMBER_ID = "member-test-11111111-1111-4111-8111-111111111111";

let postern: SandboxedPostern;
beforeAll(async () => {
  postern = await startPostern({ ADMIN_TOKEN: TOKEN });
});
afterAll(async () => await postern.stop());
const run = (...args: string[]) =>
  runKeys(["sessions", ...args], { POSTERN_URL: postern.url, POSTERN_ADMIN_TOKEN: TOKEN });

test("a session policy can be set, shown, replaced and removed", async () => {
  expectError(
    await run("policy", "show"),
    1,
    /sessions policy set sets one. \(404 session_policy_not_found\)/,
  );
  const set = await run("policy", "set", "--scope", "members:read,organizations:read", "--max-age", "2m");
  expect(set).toMatchObject({ code: 0, err: "In force everywhere within LEASE_SECONDS (default: 5).\n" });
  expect((await run("policy", "show")).out).toContain(
    "scopes                  organizations:read, members:read\n",
  );
  await run("policy", "set", "--scope", "organizations:read", "--field", "organization.organization_name");
  expect(JSON.parse((await run("policy", "show", "--json")).out)).toEqual({
    scopes: ["organizations:read"],
    fields: { organization: ["organization_name"], member: null },
    rate_limit: null,
    max_age_seconds: 300,
    allow_impersonation: false,
  });
  expect((await run("policy", "usage")).out).toBe("No calls in the last 24 hours.\n");
  expectError(await run("policy", "remove"), 2, /--yes/);
  expect((await run("policy", "remove", "--yes")).out).toContain("impersonation           refused");
  expectError(await run("policy", "remove", "--yes"), 1, /404 session_policy_not_found/);
});

test("a revocation is confirmed, and is in the audit", async () => {
  const revoked = await run("revoke", "--member", MEMBER_ID);
  expect(revoked.code).toBe(0);
  expect(revoked.out).toContain(`of ${MEMBER_ID} that were issued up to now`);
  const audit = await runKeys(["audit"], { POSTERN_URL: postern.url, POSTERN_ADMIN_TOKEN: TOKEN });
  expect(audit.out).toMatch(
    new RegExp(`session\\.revoked +token +\\{"member_id":"${MEMBER_ID}","by":"admin"\\}\n`),
  );
});

test.each([
  [["revoke"], 2, /exactly one of --session, --member and --organization/],
  [["revoke", "--member", "m", "--session", "s"], 2, /exactly one/],
  [["revoke", "--member", "a/b"], 2, /1 to 256 characters/],
  [["policy", "set"], 2, /--scope/],
  [["policy", "set", "--scope", "organizations:read", "--max-age", "soon"], 2, /90m/],
  [["revoke", "--organization", "acme"], 1, /--organization: must be a whole ID of the test environment/],
  [["policy", "set", "--scope", "cache:refresh"], 1, /--scope cache:refresh: must be one of/],
  [["policy", "set", "--scope", "organizations:read", "--max-age", "2h"], 1, /--max-age: must be a whole/],
] as [string[], 1 | 2, RegExp][])("sessions %j fails with one clear line", async (args, code, line) => {
  expectError(await run(...args), code, line);
});
