import { expect, test } from "vitest";
import type { KeyRecord } from "../../cli/client.ts";
import { createBody, editBody, requireChange } from "../../cli/policy-body.ts";

const RECORD: KeyRecord = {
  ...{ key_id: "0123456789abcdef", name: "Acme", status: "active", scopes: ["organizations:read"] },
  ...{ organization_ids: null, fields: null, allowed_ips: null },
  ...{ created_at: "2026-11-21T20:00:00Z", updated_at: "2026-11-21T20:00:00Z" },
};

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
  expect(editBody({ name: "Other", fields: true, ips: true }, RECORD)).toEqual({ name: "Other" });
  const lifted = { organizations: false, fields: false, limit: false, ips: false, expiry: false } as const;
  expect(editBody(lifted, RECORD)).toEqual({
    organization_ids: null,
    fields: null,
    rate_limit: null,
    allowed_ips: null,
    expires_at: null,
  });
});

test("an edit of organization fields keeps the list of member fields", () => {
  const bound = { ...RECORD, fields: { organization: null, member: ["name"] } };
  expect(editBody({ field: ["organization.organization_name"] }, bound)).toEqual({
    fields: { organization: ["organization_name"], member: ["name"] },
  });
});

test("a list that is given replaces the old one", () => {
  const bound = { ...RECORD, organization_ids: ["o1"], allowed_ips: ["::1"] };
  expect(editBody({ organization: ["o2"], ip: ["::2"], scope: ["cache:refresh"] }, bound)).toEqual({
    organization_ids: ["o2"],
    allowed_ips: ["::2"],
    scopes: ["cache:refresh"],
  });
});

test("adding to a list and removing from it keeps the rest", () => {
  const bound = {
    ...RECORD,
    organization_ids: ["o1", "o2"],
    allowed_ips: ["::1", "::2"],
    fields: { organization: ["organization_id", 'trusted_metadata."acme.com"'], member: ["name"] },
  };
  const options = {
    addScope: ["cache:refresh", "organizations:read"],
    addOrganization: ["o3"],
    removeOrganization: ["o1"],
    removeIp: ["::1"],
    addField: ["member.status"],
    removeField: ['organization.trusted_metadata."acme.com"'],
  };
  expect(editBody(options, bound)).toEqual({
    scopes: ["organizations:read", "cache:refresh"],
    organization_ids: ["o2", "o3"],
    allowed_ips: ["::2"],
    fields: { organization: ["organization_id"], member: ["name", "status"] },
  });
});

test("an item is found in its old spelling, and what is kept gets its normal form", () => {
  const bound = {
    ...RECORD,
    allowed_ips: ["203.0.113.7/024", "2001:DB8::/032", "198.51.100.7/24", "2001:db8::010.0.0.1"],
    fields: { organization: ['"organization_name"', 'trusted_metadata."plan"'], member: null },
  };
  const removed = { removeIp: ["203.0.113.0/24"], removeField: ["organization.organization_name"] };
  expect(editBody(removed, bound)).toEqual({
    allowed_ips: ["2001:db8::/32", "198.51.100.0/24", "2001:db8::a00:1"],
    fields: { organization: ["trusted_metadata.plan"], member: null },
  });
  const inAnotherSpelling = {
    addIp: ["2001:db8:0::/32"],
    removeIp: ["198.51.100.0/24", "2001:DB8::10.0.0.1"],
    removeField: ['organization.trusted_metadata."plan"'],
  };
  expect(editBody(inAnotherSpelling, bound)).toEqual({
    allowed_ips: ["203.0.113.0/24", "2001:db8::/32"],
    fields: { organization: ["organization_name"], member: null },
  });
});

test.each([
  ["adding to a list that allows all", { addOrganization: ["o1"] }, "give --organization to bind it"],
  ["adding fields of an object that shows all", { addField: ["member.name"] }, "give --field to bind it"],
  ["removing from a list that allows all", { removeIp: ["::1"] }, "allowed all"],
  [
    "removing what is not there",
    { removeScope: ["cache:refresh"] },
    "--remove-scope cache:refresh: the key does not",
  ],
  ["removing the last item", { removeScope: ["organizations:read"] }, "would leave the list empty"],
])("%s is refused, since it would surprise", (_, options, message) => {
  expect(() => editBody(options, RECORD)).toThrow(message);
});

test("an edit without changes is wrong usage", () => {
  const nothing = { organizations: true, fields: true, ips: true, expiry: true };
  expect(() => requireChange(nothing)).toThrow(expect.objectContaining({ exitCode: 2 }));
  for (const options of [
    { name: "" },
    { limit: false as const },
    { addScope: ["x"] },
    { organizations: false },
  ]) {
    expect(() => requireChange(options)).not.toThrow();
  }
});
