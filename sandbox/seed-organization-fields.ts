/** The fields of an organization, before `seed-organizations.ts` varies them. */

import type { Random } from "./random.ts";
import { createMetadata } from "./seed-metadata.ts";
import type { Json, JsonObject, Organization } from "./shapes.ts";

const POLICIES = ["ALL_ALLOWED", "RESTRICTED", "NOT_ALLOWED"] as const;
const AUTH_METHODS = [
  "sso",
  "magic_link",
  "email_otp",
  "password",
  "google_oauth",
  "github_oauth",
  "passkey",
] as const;

/** Every field that the API sends for an organization without an identity provider. */
export function createDefaults(random: Random, name: string, slug: string): Organization {
  const createdAt = random.timestamp("2024-01-01T00:00:00Z", "2026-05-01T00:00:00Z");
  return {
    allowed_auth_methods: random.chance(0.3) ? random.sample(AUTH_METHODS, 1, 4) : [],
    allowed_first_party_connected_apps: [],
    allowed_mfa_methods: random.sample(["sms_otp", "totp"], 0, 2),
    allowed_oauth_tenants: random.chance(0.15)
      ? { slack: [`T${random.hex(8).toUpperCase()}`], github: [] }
      : {},
    allowed_third_party_connected_apps: random.chance(0.1) ? [`connected-app-test-${random.uuid()}`] : [],
    auth_methods: random.pick(["ALL_ALLOWED", "RESTRICTED"]),
    claimed_email_domains: [],
    created_at: createdAt,
    custom_roles: [],
    email_allowed_domains: [],
    email_invites: random.pick(POLICIES),
    email_jit_provisioning: random.pick(["RESTRICTED", "NOT_ALLOWED"]),
    first_party_connected_apps_allowed_type: random.pick(POLICIES),
    mfa_methods: random.pick(["ALL_ALLOWED", "RESTRICTED"]),
    mfa_policy: random.pick(["OPTIONAL", "REQUIRED_FOR_ALL"]),
    oauth_tenant_jit_provisioning: random.pick(["RESTRICTED", "NOT_ALLOWED"]),
    organization_external_id: null,
    organization_id: `organization-test-${random.uuid()}`,
    organization_logo_url: random.chance(0.2) ? `https://cdn.customer.example/${random.hex(10)}.png` : "",
    organization_name: name,
    organization_slug: slug,
    rbac_email_implicit_role_assignments: [],
    scim_active_connection: null,
    scim_active_connections: [],
    sso_active_connections: [],
    sso_default_connection_id: null,
    sso_jit_provisioning: random.pick(POLICIES),
    sso_jit_provisioning_allowed_connections: [],
    third_party_connected_apps_allowed_type: random.pick(POLICIES),
    trusted_metadata: createMetadata(random),
    updated_at: random.chance(0.3) ? createdAt : random.timestamp(createdAt, "2026-11-01T00:00:00Z"),
  };
}

/** The fields that change when a customer connects an identity provider. */
export function createEnterpriseFields(random: Random, domain: string, hasScim: boolean): JsonObject {
  const connections = random.sample(["saml", "oidc", "external"], 1, 3).map((protocol) => ({
    connection_id: `${protocol}-connection-test-${random.uuid()}`,
    display_name: random.pick(["Okta", "Entra ID", "Google Workspace", "社内SSO"]),
    identity_provider: random.pick(["okta", "microsoft-entra", "google-workspace", "generic", "rippling"]),
  }));
  const [first] = connections;
  const scim: Json = {
    bearer_token_expires_at: random.timestamp("2027-01-01T00:00:00Z", "2031-01-01T00:00:00Z"),
    bearer_token_last_four: random.hex(4),
    connection_id: `scim-connection-test-${random.uuid()}`,
    display_name: "Directory sync",
  };
  return {
    claimed_email_domains: [domain],
    custom_roles: [
      {
        description: "Reads invoices, changes none",
        permissions: [
          { actions: ["read", "export"], resource_id: "invoice" },
          { actions: ["*"], resource_id: "report" },
        ],
        role_id: "billing_viewer",
      },
    ],
    email_allowed_domains: [domain, `mail.${domain}`],
    rbac_email_implicit_role_assignments: [{ domain, role_id: "billing_viewer" }],
    scim_active_connection: hasScim ? scim : null,
    sso_active_connections: connections,
    sso_default_connection_id: first?.connection_id ?? null,
    sso_jit_provisioning: "RESTRICTED",
    sso_jit_provisioning_allowed_connections: connections.map((connection) => connection.connection_id),
  };
}
