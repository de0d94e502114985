/**
 * Compares the schemas with the types of the official SDK, at compile time: a new version of the SDK with another field
 * breaks the build, and not a caller.
 */
import type {
  B2BOrganizationsGetResponse,
  B2BOrganizationsMembersGetResponse,
  Member as SdkMember,
  Organization as SdkOrganization,
} from "stytch";
import { expect, expectTypeOf, test } from "vitest";
import { findDrift } from "../../src/stytch/drift.ts";
import { type MemberEnvelope, StytchMember } from "../../src/stytch/schemas/member-schema.ts";
import {
  type OrganizationEnvelope,
  StytchOrganization,
} from "../../src/stytch/schemas/organization-schema.ts";

/** A type without null, optional fields and the index signature for unknown fields, at every level. */
type Present<T> = T extends readonly (infer Item)[]
  ? Present<Item>[]
  : T extends object
    ? { [K in keyof T as string extends K ? never : K]-?: Present<NonNullable<T[K]>> }
    : T;

/** Looser than the SDK on purpose: the schema also accepts bare strings, which a page of the documentation shows. */
type Retired = Extract<NonNullable<Present<StytchMember>["retired_email_addresses"]>[number], object>;
/** Looser than the SDK on purpose: an identity provider chooses the SCIM attributes, and Postern reads none of them. */
type Scim = Omit<Present<StytchMember>["scim_registration"], "scim_attributes"> &
  Pick<NonNullable<SdkMember["scim_registration"]>, "scim_attributes">;

type OurMember = Omit<Present<StytchMember>, "retired_email_addresses" | "scim_registration"> & {
  retired_email_addresses: Retired[];
  scim_registration: Scim;
};

type RequiredKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T];

test("the SDK has no field of an organization or member that the schemas lack", () => {
  expectTypeOf<Exclude<keyof SdkOrganization, keyof typeof StytchOrganization.shape>>().toBeNever();
  expectTypeOf<Exclude<keyof SdkMember, keyof typeof StytchMember.shape>>().toBeNever();
});

test("the schemas have no field that the SDK lacks, but for known former ones", () => {
  // Removed from the SDK, but Stytch still sends it.
  type Former = "scim_active_connections";
  expectTypeOf<Exclude<keyof typeof StytchOrganization.shape, keyof SdkOrganization | Former>>().toBeNever();
  expectTypeOf<Exclude<keyof typeof StytchMember.shape, keyof SdkMember>>().toBeNever();
});

test("every value that passes a schema has the SDK's type", () => {
  expectTypeOf<Present<StytchOrganization>>().toExtend<SdkOrganization>();
  expectTypeOf<OurMember>().toExtend<SdkMember>();
  expectTypeOf<Present<OrganizationEnvelope>>().toExtend<B2BOrganizationsGetResponse>();
  type Envelope = Omit<Present<MemberEnvelope>, "member"> & { member: OurMember };
  expectTypeOf<Envelope>().toExtend<B2BOrganizationsMembersGetResponse>();
});

test("every value of the SDK's types passes the schemas", () => {
  expectTypeOf<SdkOrganization>().toExtend<KnownOf<StytchOrganization>>();
  expectTypeOf<SdkMember>().toExtend<KnownOf<StytchMember>>();
});

/** The first level of a type. Below it, the types differ: the schemas accept unknown fields, and the SDK does not. */
type KnownOf<T> = { [K in keyof T as string extends K ? never : K]: T[K] extends Scalar ? T[K] : unknown };
type Scalar = string | boolean | string[] | null | undefined;

/** The fields that the SDK requires. `satisfies` makes each list complete, and no longer than that. */
const ORGANIZATION = {
  organization_id: "identity",
  organization_name: "identity",
  organization_slug: "identity",
  organization_logo_url: "drift",
  sso_jit_provisioning: "drift",
  sso_jit_provisioning_allowed_connections: "drift",
  sso_active_connections: "drift",
  email_allowed_domains: "drift",
  email_jit_provisioning: "drift",
  email_invites: "drift",
  auth_methods: "drift",
  allowed_auth_methods: "drift",
  mfa_policy: "drift",
  mfa_methods: "drift",
  allowed_mfa_methods: "drift",
  oauth_tenant_jit_provisioning: "drift",
  rbac_email_implicit_role_assignments: "drift",
  claimed_email_domains: "drift",
  first_party_connected_apps_allowed_type: "drift",
  allowed_first_party_connected_apps: "drift",
  third_party_connected_apps_allowed_type: "drift",
  allowed_third_party_connected_apps: "drift",
  custom_roles: "drift",
} satisfies Record<RequiredKeys<SdkOrganization>, "identity" | "drift">;

const MEMBER = {
  organization_id: "identity",
  member_id: "identity",
  email_address: "identity",
  status: "identity",
  name: "drift",
  sso_registrations: "drift",
  is_breakglass: "drift",
  is_admin: "drift",
  is_locked: "drift",
  member_password_id: "drift",
  email_address_verified: "drift",
  retired_email_addresses: "drift",
  mfa_enrolled: "drift",
  mfa_phone_number: "drift",
  mfa_phone_number_verified: "drift",
  default_mfa_method: "drift",
  totp_registration_id: "drift",
  oauth_registrations: "drift",
  roles: "drift",
} satisfies Record<RequiredKeys<SdkMember>, "identity" | "drift">;

test("a missing field that the SDK requires is either refused or reported as drift", () => {
  const fields = (part: string, list: Record<string, string>, kind: string) =>
    Object.keys(list)
      .filter((field) => list[field] === kind)
      .map((field) => `${part}.${field}`);
  const reported = findDrift({ organization: {}, member: {} });
  const expected = [...fields("organization", ORGANIZATION, "drift"), ...fields("member", MEMBER, "drift")];
  expect(reported.toSorted()).toEqual(expected.toSorted());
  const missing = (schema: typeof StytchOrganization | typeof StytchMember) =>
    schema
      .safeParse({})
      .error?.issues.map((issue) => String(issue.path[0]))
      .toSorted();
  const identity = (list: Record<string, string>) =>
    fields("", list, "identity")
      .map((path) => path.slice(1))
      .toSorted();
  expect(missing(StytchOrganization)).toEqual(identity(ORGANIZATION));
  expect(missing(StytchMember)).toEqual(identity(MEMBER));
});
