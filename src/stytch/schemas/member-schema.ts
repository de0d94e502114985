/**
 * The member of the Stytch B2B API, and the envelope in which a lookup returns it.
 * https://stytch.com/docs/b2b/api/member-object
 *
 * As tolerant as `organization-schema.ts`.
 */
import * as z from "zod";
import { flag, freeJson, identity, listOf, StytchOrganization, text } from "./organization-schema.ts";

const SsoRegistration = z.looseObject({
  connection_id: text,
  external_id: text,
  registration_id: text,
  sso_attributes: freeJson.describe("As sent by the identity provider"),
});

const OAuthRegistration = z.looseObject({
  provider_type: text,
  provider_subject: text,
  member_oauth_registration_id: text,
  profile_picture_url: text,
  locale: text,
});

const Role = z.looseObject({
  role_id: text,
  sources: listOf(
    z.looseObject({ type: text.describe("direct_assignment, sso_connection, …"), details: freeJson }),
  ),
});

const ScimRegistration = z.looseObject({
  connection_id: text,
  registration_id: text,
  external_id: text,
  scim_attributes: freeJson.describe("RFC 7643 attributes, as sent by the identity provider"),
});

export const StytchMember = z.looseObject({
  organization_id: identity,
  member_id: identity.describe("Usually member-(test|live)-<uuid>, but not always"),
  email_address: identity,
  status: identity.describe("pending, invited, active, deleted"),
  name: text.describe("May be empty"),
  external_id: text.describe("Unique within its organization only"),
  sso_registrations: listOf(SsoRegistration),
  scim_registration: ScimRegistration.nullish(),
  oauth_registrations: listOf(OAuthRegistration),
  is_breakglass: flag.describe("May sign in by other means even if SSO is required"),
  is_admin: flag,
  is_locked: flag,
  lock_created_at: text,
  lock_expires_at: text,
  member_password_id: text.describe("Empty when unset"),
  email_address_verified: flag,
  retired_email_addresses: z
    .array(z.union([z.string(), z.looseObject({ email_id: text, email_address: text })]))
    .nullish()
    .describe("Objects; one page of the documentation shows bare strings"),
  mfa_enrolled: flag,
  mfa_phone_number: text.describe("E.164, or empty"),
  mfa_phone_number_verified: flag,
  default_mfa_method: text.describe("sms_otp, totp, or empty"),
  totp_registration_id: text.describe("Empty when unset"),
  roles: listOf(Role),
  trusted_metadata: freeJson.describe("Free JSON that only the backend writes"),
  untrusted_metadata: freeJson.describe("Free JSON that the member can write as well"),
  created_at: text.describe("RFC 3339, UTC"),
  updated_at: text.describe("RFC 3339, UTC"),
});

/** `GET /v1/b2b/organizations/members/dangerously_get/{member_id}`. It holds the member's whole organization, too. */
export const MemberEnvelope = z.looseObject({
  request_id: identity,
  status_code: z.int().nullish(),
  member_id: text,
  member: StytchMember,
  organization: StytchOrganization,
});

export type StytchMember = z.output<typeof StytchMember>;
export type MemberEnvelope = z.output<typeof MemberEnvelope>;
