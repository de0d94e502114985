import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { MemberEnvelope, StytchMember } from "../../src/stytch/schemas/member-schema.ts";
import { OrganizationEnvelope, StytchOrganization } from "../../src/stytch/schemas/organization-schema.ts";
import { type Json, member, memberEnvelope, organization, organizationEnvelope } from "../support/bodies.ts";

const accepts = (schema: z.ZodType, body: unknown) => schema.safeParse(body).success;

/** The shapes that are known: from the wire, from examples in the documentation, from mocks in the SDKs. */
const ORGANIZATIONS: Record<string, Json> = {
  "a full one": organization(),
  "one with identity alone": { organization_id: "org-1234", organization_name: "A", organization_slug: "ab" },
  "one as in the documentation, with half of its fields missing": {
    email_allowed_domains: [],
    email_invites: "ALL_ALLOWED",
    mfa_policy: "OPTIONAL",
    organization_id: "organization-test-staging-12345",
    organization_logo_url: "",
    organization_name: "Example Inc",
    organization_slug: "example",
    sso_default_connection_id: null,
    sso_active_connections: [],
    trusted_metadata: {},
  },
  "one with connections, roles and tenants": organization({
    organization_external_id: "ext|1",
    sso_active_connections: [
      { connection_id: "saml-connection-test-1", display_name: "IdP", identity_provider: "okta" },
      { connection_id: "oidc-connection-test-1", display_name: "" },
    ],
    scim_active_connection: { connection_id: "scim-connection-test-1", display_name: "IdP" },
    allowed_oauth_tenants: { slack: ["T1"], hubspot: ["1", "2"] },
    rbac_email_implicit_role_assignments: [{ domain: "acme.example", role_id: "admin" }],
    custom_roles: [
      { role_id: "r", description: "", permissions: [{ resource_id: "documents", actions: ["*"] }] },
    ],
    trusted_metadata: { address: { city: "Bern" }, list: [1, null], none: null },
  }),
  "one with values and fields of tomorrow": organization({
    mfa_policy: "REQUIRED_ON_FRIDAYS",
    allowed_auth_methods: ["telepathy"],
    field_of_tomorrow: { a: [1] },
    scim_active_connections: [],
  }),
};

const MEMBERS: Record<string, Json> = {
  "a full one": member(),
  "one with identity alone": {
    organization_id: "o",
    member_id: "member_test_mfa",
    email_address: "ada@acme.example",
    status: "active",
  },
  "one with registrations and roles": member({
    sso_registrations: [
      { connection_id: "c", external_id: "e", registration_id: "r", sso_attributes: { groups: ["a"] } },
    ],
    oauth_registrations: [
      { provider_type: "Google", provider_subject: "1", member_oauth_registration_id: "r", locale: null },
    ],
    scim_registration: { connection_id: "c", registration_id: "r", scim_attributes: { user_name: "ada" } },
    retired_email_addresses: [{ email_id: "e", email_address: "old@acme.example" }],
    roles: [
      { role_id: "r", sources: [{ type: "sso_connection_group", details: { group: "g" } }, { type: "new" }] },
    ],
  }),
  "one with bare retired addresses and no telephone": member({
    retired_email_addresses: ["old@acme.example"],
    mfa_phone_number: null,
  }),
  "a deleted one": member({ status: "deleted", email_address: "ada@acme.example" }),
};

test.each(Object.entries(ORGANIZATIONS))("%s passes as an organization, and keeps every field", (_, of) => {
  expect(StytchOrganization.parse(of)).toEqual(of);
  const envelope = organizationEnvelope(of);
  expect(OrganizationEnvelope.parse(envelope)).toEqual(envelope);
});

test.each(Object.entries(MEMBERS))("%s passes as a member, and keeps every field", (_, of) => {
  expect(StytchMember.parse(of)).toEqual(of);
  const envelope = memberEnvelope(of, organization());
  expect(MemberEnvelope.parse(envelope)).toEqual(envelope);
});

/** Required, a string, and not empty: these fields tell which object an answer is about. */
const IDENTITY: ReadonlyArray<readonly [z.ZodType, Json, readonly string[]]> = [
  [StytchOrganization, organization(), ["organization_id", "organization_name", "organization_slug"]],
  [StytchMember, member(), ["organization_id", "member_id", "email_address", "status"]],
  [OrganizationEnvelope, organizationEnvelope(organization()), ["request_id", "organization"]],
  [MemberEnvelope, memberEnvelope(member(), organization()), ["request_id", "member", "organization"]],
];

describe.each(IDENTITY)("identity of schema %#", (schema, body, fields) => {
  test.each(fields)("the identity field %s must not be missing, null, empty or of another type", (field) => {
    const { [field]: _, ...without } = body;
    expect(accepts(schema, without)).toBe(false);
    for (const value of [null, "", 1, true, []]) {
      expect(accepts(schema, { ...body, [field]: value }), JSON.stringify(value)).toBe(false);
    }
  });

  test("every field that is not identity may be missing or null", () => {
    for (const field of Object.keys(body).filter((one) => !fields.includes(one))) {
      const { [field]: _, ...without } = body;
      expect(accepts(schema, without), field).toBe(true);
      expect(accepts(schema, { ...body, [field]: null }), field).toBe(true);
    }
  });
});

/** Values that a field of each type must refuse. */
const WRONG = {
  text: [1, true, {}, []],
  flag: ["true", 1, {}, []],
  texts: ["text", {}, [1], [null], [["text"]]],
  json: ["text", 1, []],
  list: ["text", {}, ["text"], [1], [null]],
} as const;

function typeOf(schema: z.ZodType): keyof typeof WRONG {
  if (accepts(schema, "text")) return "text";
  if (accepts(schema, true)) return "flag";
  if (accepts(schema, {})) return "json";
  return accepts(schema, ["text"]) ? "texts" : "list";
}

describe.each([
  ["organization", StytchOrganization.shape, organization()],
  ["member", StytchMember.shape, member()],
] as const)("a known field of the %s", (part, shape, full) => {
  test.each(Object.entries<z.ZodType>(shape))(
    "a value of another type is refused in the field %s",
    (name, schema) => {
      // The one field with two shapes: a list of objects, or of strings.
      const wrong = name === "retired_email_addresses" ? ["text", {}, [1], [null]] : WRONG[typeOf(schema)];
      const whole = part === "organization" ? StytchOrganization : StytchMember;
      for (const value of wrong) {
        expect(accepts(whole, { ...full, [name]: value }), JSON.stringify(value)).toBe(false);
      }
    },
  );
});

test.each<[string, z.ZodType, Json]>([
  ["a connection", StytchOrganization, organization({ sso_active_connections: [{ connection_id: 1 }] })],
  ["a permission", StytchOrganization, organization({ custom_roles: [{ permissions: [{ actions: [1] }] }] })],
  ["a SCIM connection", StytchOrganization, organization({ scim_active_connection: { display_name: [] } })],
  ["a role's source", StytchMember, member({ roles: [{ role_id: "r", sources: [{ type: 1 }] }] })],
  ["a registration", StytchMember, member({ oauth_registrations: [{ locale: 1 }] })],
  ["a SCIM registration", StytchMember, member({ scim_registration: { scim_attributes: [] } })],
])("a value of another type is refused inside %s", (_, schema, body) => {
  expect(accepts(schema, body)).toBe(false);
});

test("the status_code of an envelope must be a whole number", () => {
  for (const status_code of ["200", 200.5, true]) {
    expect(accepts(OrganizationEnvelope, organizationEnvelope(organization(), { status_code }))).toBe(false);
    expect(accepts(MemberEnvelope, memberEnvelope(member(), organization(), { status_code }))).toBe(false);
  }
});

test("a member's envelope is refused if its organization is invalid", () => {
  expect(accepts(MemberEnvelope, memberEnvelope(member(), organization({ organization_id: "" })))).toBe(
    false,
  );
});
