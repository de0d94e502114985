import { expect, test } from "vitest";
import { createBody, editBody, needsCurrentFields } from "../../cli/policy-options.ts";

test("a creation body contains the given options and nothing else", () => {
  expect(createBody({ name: "Acme", scope: ["organizations:read"] })).toEqual({
    name: "Acme",
    scopes: ["organizations:read"],
  });
});

test("a creation with every option has every field of the contract", () => {
  const body = createBody({
    name: "Acme",
    scope: ["organizations:read", "cache:refresh"],
    organization: ["organization-live-1"],
    field: ["organization.organization_name", "member.email_address", "organization.trusted_metadata.plan"],
    limit: { limit: 600, period_seconds: 60 },
    ip: ["203.0.113.0/24"],
    region: "weur",
    expires: "2027-01-01T00:00:00Z",
  });
  expect(body).toEqual({
    name: "Acme",
    scopes: ["organizations:read", "cache:refresh"],
    organization_ids: ["organization-live-1"],
    fields: {
      organization: ["organization_name", "trusted_metadata.plan"],
      member: ["email_address"],
    },
    rate_limit: { limit: 600, period_seconds: 60 },
    allowed_ips: ["203.0.113.0/24"],
    region: "weur",
    expires_at: "2027-01-01T00:00:00Z",
  });
});

test("a new key with fields of one object sees all fields of the other", () => {
  const body = createBody({ name: "Acme", scope: [], field: ["member.name"] });
  expect(body).toMatchObject({ fields: { organization: null, member: ["name"] } });
});

test("an edit body contains what changes, and null for each lifted restriction", () => {
  expect(editBody({ name: "Other", fields: true, ips: true }, null)).toEqual({ name: "Other" });
  const lifted = { organizations: false, fields: false, limit: false, ips: false, expiry: false } as const;
  expect(editBody(lifted, null)).toEqual({
    organization_ids: null,
    fields: null,
    rate_limit: null,
    allowed_ips: null,
    expires_at: null,
  });
});

test("an edit of organization fields keeps the list of member fields", () => {
  const options = { field: ["organization.organization_name"] };
  expect(needsCurrentFields(options)).toBe(true);
  expect(editBody(options, { organization: null, member: ["name"] })).toEqual({
    fields: { organization: ["organization_name"], member: ["name"] },
  });
});

test("an edit of both field lists, or of none, needs no current fields", () => {
  expect(needsCurrentFields({ field: ["organization.organization_name", "member.name"] })).toBe(false);
  expect(needsCurrentFields({ fields: false })).toBe(false);
});

test("an edit without changes is wrong usage", () => {
  const nothing = { organizations: true, fields: true, ips: true, expiry: true };
  expect(() => editBody(nothing, null)).toThrow(expect.objectContaining({ exitCode: 2 }));
});
