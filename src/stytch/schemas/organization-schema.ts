/**
 * The organization of the Stytch B2B API, and the envelope in which a lookup returns it.
 * https://stytch.com/docs/b2b/api/organization-object
 *
 * Strict on identity, tolerant on the rest: the fields that name an organization are required. Every other known field
 * may be absent or null, but a value must have the right type. Enumerations are strings, since Stytch has added values
 * before. Unknown fields pass.
 */
import * as z from "zod";

/** Required, and not empty. */
export const identity = z.string().min(1);
/** A string, null or absent. The SDKs declare most of these fields as required, but Stytch omits some. */
export const text = z.string().nullish();
export const flag = z.boolean().nullish();
export const texts = z.array(z.string()).nullish();
export const freeJson = z.record(z.string(), z.unknown()).nullish();
export const listOf = <T extends z.ZodType>(item: T) => z.array(item).nullish();

const SsoConnection = z.looseObject({ connection_id: text, display_name: text, identity_provider: text });

const ScimConnection = z.looseObject({
  connection_id: text,
  display_name: text,
  bearer_token_last_four: text.describe("A fragment of a credential: treat as sensitive"),
  bearer_token_expires_at: text,
});

const CustomRole = z.looseObject({
  role_id: text,
  description: text,
  permissions: listOf(z.looseObject({ resource_id: text, actions: texts })),
});

export const StytchOrganization = z.looseObject({
  organization_id: identity.describe("Canonical ID; usually organization-(test|live)-<uuid>, but not always"),
  organization_name: identity.describe("1 to 128 characters"),
  organization_slug: identity.describe(
    "Unique in the project, 2 to 128 characters; may change; case is preserved",
  ),
  organization_external_id: text.describe(
    "The customer's own ID, unique in the project; may change or be removed",
  ),
  organization_logo_url: text.describe("Empty when unset"),
  sso_jit_provisioning: text.describe("ALL_ALLOWED, RESTRICTED, NOT_ALLOWED"),
  sso_jit_provisioning_allowed_connections: texts.describe(
    "Connection IDs, if sso_jit_provisioning is RESTRICTED",
  ),
  sso_active_connections: listOf(SsoConnection),
  sso_default_connection_id: text,
  scim_active_connection: ScimConnection.nullish(),
  scim_active_connections: listOf(ScimConnection).describe(
    "The predecessor of scim_active_connection; Stytch still sends it",
  ),
  email_allowed_domains: texts.describe("The domains to which invites and JIT provisioning are restricted"),
  email_jit_provisioning: text.describe("RESTRICTED, NOT_ALLOWED"),
  email_invites: text.describe("ALL_ALLOWED, RESTRICTED, NOT_ALLOWED"),
  auth_methods: text.describe("ALL_ALLOWED, RESTRICTED"),
  allowed_auth_methods: texts.describe(
    "If auth_methods is RESTRICTED: sso, magic_link, password, google_oauth, …",
  ),
  mfa_policy: text.describe("REQUIRED_FOR_ALL, OPTIONAL"),
  mfa_methods: text.describe("ALL_ALLOWED, RESTRICTED"),
  allowed_mfa_methods: texts.describe("sms_otp, totp"),
  oauth_tenant_jit_provisioning: text.describe("RESTRICTED, NOT_ALLOWED"),
  allowed_oauth_tenants: z.record(z.string(), z.unknown()).nullish().describe("Provider to tenant IDs"),
  rbac_email_implicit_role_assignments: listOf(z.looseObject({ domain: text, role_id: text })),
  claimed_email_domains: texts,
  first_party_connected_apps_allowed_type: text.describe("ALL_ALLOWED, RESTRICTED, NOT_ALLOWED"),
  allowed_first_party_connected_apps: texts,
  third_party_connected_apps_allowed_type: text.describe("ALL_ALLOWED, RESTRICTED, NOT_ALLOWED"),
  allowed_third_party_connected_apps: texts,
  custom_roles: listOf(CustomRole),
  trusted_metadata: freeJson.describe(
    "Free JSON that only the backend writes; may hold a customer's secrets",
  ),
  created_at: text.describe("RFC 3339, UTC"),
  updated_at: text.describe("RFC 3339, UTC, whole seconds; does not change with every field"),
});

/** `GET /v1/b2b/organizations/{organization_id}`: https://stytch.com/docs/b2b/api/get-organization */
export const OrganizationEnvelope = z.looseObject({
  request_id: identity,
  status_code: z.int().nullish(),
  organization: StytchOrganization,
});

export type StytchOrganization = z.output<typeof StytchOrganization>;
export type OrganizationEnvelope = z.output<typeof OrganizationEnvelope>;
