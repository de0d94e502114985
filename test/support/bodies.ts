/** Bodies in the shape of Stytch's API. Each organization and member has a new ID, so that tests share no state. */

export type Json = Record<string, unknown>;

export function organization(fields: Json = {}): Json {
  const id = crypto.randomUUID();
  return {
    allowed_auth_methods: [],
    allowed_first_party_connected_apps: [],
    allowed_mfa_methods: [],
    allowed_oauth_tenants: {},
    allowed_third_party_connected_apps: [],
    auth_methods: "ALL_ALLOWED",
    claimed_email_domains: [],
    created_at: "2026-02-03T04:05:06Z",
    custom_roles: [],
    email_allowed_domains: ["acme.example"],
    email_invites: "ALL_ALLOWED",
    email_jit_provisioning: "NOT_ALLOWED",
    first_party_connected_apps_allowed_type: "ALL_ALLOWED",
    mfa_methods: "ALL_ALLOWED",
    mfa_policy: "OPTIONAL",
    oauth_tenant_jit_provisioning: "NOT_ALLOWED",
    organization_external_id: null,
    organization_id: `organization-test-${id}`,
    organization_logo_url: "",
    organization_name: "Ärmel & Söhne 株式会社",
    organization_slug: `Slug_${id.slice(0, 8)}`,
    rbac_email_implicit_role_assignments: [],
    scim_active_connection: null,
    scim_active_connections: [],
    sso_active_connections: [],
    sso_default_connection_id: null,
    sso_jit_provisioning: "ALL_ALLOWED",
    sso_jit_provisioning_allowed_connections: [],
    third_party_connected_apps_allowed_type: "ALL_ALLOWED",
    trusted_metadata: { plan: "gold" },
    updated_at: "2026-02-03T04:05:06Z",
    ...fields,
  };
}

export function member(fields: Json = {}): Json {
  return {
    created_at: "2026-02-03T04:05:06Z",
    default_mfa_method: "",
    email_address: "ada@acme.example",
    email_address_verified: true,
    external_id: null,
    is_admin: false,
    is_breakglass: false,
    is_locked: false,
    member_id: `member-test-${crypto.randomUUID()}`,
    member_password_id: "",
    mfa_enrolled: false,
    mfa_phone_number: "",
    mfa_phone_number_verified: false,
    name: "",
    oauth_registrations: [],
    organization_id: `organization-test-${crypto.randomUUID()}`,
    retired_email_addresses: [],
    roles: [{ role_id: "stytch_member", sources: [{ type: "direct_assignment", details: {} }] }],
    sso_registrations: [],
    status: "active",
    totp_registration_id: "",
    trusted_metadata: {},
    untrusted_metadata: {},
    updated_at: "2026-02-03T04:05:06Z",
    ...fields,
  };
}

const requestId = () => `request-id-test-${crypto.randomUUID()}`;

/** The body of a response with this organization. */
export function organizationEnvelope(organization: Json, fields: Json = {}): Json {
  return { organization, request_id: requestId(), status_code: 200, ...fields };
}

/** The body of a response with this member and its organization. */
export function memberEnvelope(member: Json, organization: Json, fields: Json = {}): Json {
  return {
    member,
    member_id: member["member_id"],
    organization,
    request_id: requestId(),
    status_code: 200,
    ...fields,
  };
}
