import { expect, test } from "vitest";
import { nameOptions } from "../../cli/option-names.ts";

const body = {
  scopes: ["organizations:read", "organization:read"],
  organization_ids: ["acme"],
  fields: { organization: null, member: ["nosuch"] },
  rate_limit: { limit: 0, period_seconds: 60 },
  expires_at: "2020-01-01T00:00:00Z",
};

test.each([
  [
    "scopes.1: must be one of a; did you mean b?",
    "--scope organization:read: must be one of a; did you mean b?",
  ],
  ["organization_ids.0: must be an ID", "--organization acme: must be an ID"],
  ["fields.member.0: must name a field", "--field member.nosuch: must name a field"],
  ["fields.organization.7: must", "--field: must"],
  ["rate_limit.limit: must be", "--limit: must be"],
  ["expires_at: must be in the future", "--expires: must be in the future"],
  ["allowed_ips: must", "--ip: must"],
  ["overlap_seconds: must", "--overlap: must"],
  ["constructor: unknown field", "constructor: unknown field"],
  ["the body must be JSON", "the body must be JSON"],
])("the problem %j is shown as %j", (message, shown) => {
  expect(nameOptions(message, body)).toBe(shown);
});

test("a problem of a query names the option too", () => {
  expect(nameOptions("limit: must be a whole number from 1 to 200", undefined)).toBe(
    "--limit: must be a whole number from 1 to 200",
  );
});
