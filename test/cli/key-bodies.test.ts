import { expect, test } from "vitest";
import { creationBody, dependsOnFields, editBody } from "../../cli/bodies.ts";

test("a creation names what was given, and nothing else", () => {
  expect(creationBody({ name: "Acme", scope: ["organizations:read"] })).toEqual({
    name: "Acme",
    scopes: ["organizations:read"],
  });
});

test("a creation with everything is the whole body of the contract", () => {
  const body = creationBody({
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

test("fields of one object leave the other whole in a new key", () => {
  const body = creationBody({ name: "Acme", scope: [], field: ["member.name"] });
  expect(body).toMatchObject({ fields: { organization: null, member: ["name"] } });
});

test("an edit names what changes, and lifts what is to be lifted", () => {
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

test("an edit of the fields of organizations does not show more of members", () => {
  const options = { field: ["organization.organization_name"] };
  expect(dependsOnFields(options)).toBe(true);
  expect(editBody(options, { organization: null, member: ["name"] })).toEqual({
    fields: { organization: ["organization_name"], member: ["name"] },
  });
});

test("an edit of the fields of both, or of none, depends on nothing", () => {
  expect(dependsOnFields({ field: ["organization.organization_name", "member.name"] })).toBe(false);
  expect(dependsOnFields({ fields: false })).toBe(false);
});

test("an edit of nothing is wrong usage", () => {
  const nothing = { organizations: true, fields: true, ips: true, expiry: true };
  expect(() => editBody(nothing, null)).toThrow(expect.objectContaining({ exitCode: 2 }));
});
