/**
 * 1,000 organizations. The first is the demo organization. The others have one of three shapes seen at Stytch: half
 * have every field that the API sends today, with explicit nulls and `scim_active_connections`, which no SDK declares;
 * 30 % lack that field and two newer ones; 20 % have only the fields of the documentation's example.
 */

import { createRandom, type Random } from "./random.ts";
import { createLongMetadata, createMetadata } from "./seed-metadata.ts";
import { LATIN_COMPANIES, OTHER_COMPANIES, SUFFIXES } from "./seed-words.ts";
import type { Json, JsonObject, Organization } from "./shapes.ts";

const COUNT = 1_000;
/** The share of each enumeration value or field that no SDK declares: Stytch adds some before the SDKs do. */
const UNDECLARED_SHARE = 0.06;
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
/** Optional fields, and fields that the example in Stytch's documentation of this call lacks. */
const UNDOCUMENTED_FIELDS = [
  "organization_external_id",
  "scim_active_connection",
  "scim_active_connections",
  "auth_methods",
  "allowed_auth_methods",
  "mfa_methods",
  "allowed_mfa_methods",
  "oauth_tenant_jit_provisioning",
  "allowed_oauth_tenants",
  "rbac_email_implicit_role_assignments",
  "claimed_email_domains",
  "first_party_connected_apps_allowed_type",
  "allowed_first_party_connected_apps",
  "third_party_connected_apps_allowed_type",
  "allowed_third_party_connected_apps",
  "custom_roles",
  "created_at",
  "updated_at",
] as const;

export function createOrganizations(seed: number): Organization[] {
  const random = createRandom(seed);
  const acme = createAcme(random);
  return [acme, ...Array.from({ length: COUNT - 1 }, (_, index) => createOrganization(random, index + 2))];
}

function createAcme(random: Random): Organization {
  return {
    ...createDefaults(random, "Acme Corporation", "acme"),
    ...createEnterpriseFields(random, "acme.example", true),
    organization_external_id: "crm|1001",
    organization_logo_url: "https://acme.example/logo.svg",
    trusted_metadata: {
      plan: "enterprise",
      seats: 250,
      region: "eu-west-1",
      features: ["audit_log", "custom_domain"],
      billing: { account: "cust_acme_1001", overdue: false },
    },
  };
}

function createOrganization(random: Random, number: number): Organization {
  const isLatin = random.chance(0.65);
  const name = isLatin
    ? `${random.pick(LATIN_COMPANIES)} ${random.pick(SUFFIXES)} ${number}`
    : `${random.pick(OTHER_COMPANIES)} ${number}`;
  const organization: Organization = {
    ...createDefaults(
      random,
      number % 67 === 0 ? name.padEnd(128, "·") : name,
      createSlug(random, name, number),
    ),
    ...random.maybe(0.3, createEnterpriseFields(random, `tenant-${number}.example`, random.chance(0.6))),
    ...random.maybe(0.55, { organization_external_id: createExternalId(random, number) }),
    ...(number % 25 === 0 ? { trusted_metadata: createLongMetadata(random) } : {}),
    ...random.maybe(UNDECLARED_SHARE, { mfa_policy: "REQUIRED_FOR_ADMINS" }),
    ...random.maybe(UNDECLARED_SHARE, { auth_methods: "PASSKEY_FIRST" }),
    ...random.maybe(UNDECLARED_SHARE, { agent_access_policy: { agents: [], mode: "REVIEW" } }),
  };

  const shape = random.int(1, 10);
  if (shape <= 2) deleteFields(organization, UNDOCUMENTED_FIELDS);
  else if (shape <= 5)
    deleteFields(organization, ["scim_active_connections", "custom_roles", "claimed_email_domains"]);
  return organization;
}

/** Every field that the API sends for an organization without an identity provider. */
function createDefaults(random: Random, name: string, slug: string): Organization {
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
function createEnterpriseFields(random: Random, domain: string, hasScim: boolean): JsonObject {
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

/** Stytch keeps the case of a slug, and allows `- . _ ~` besides letters and digits. */
function createSlug(random: Random, name: string, number: number): string {
  const words = name.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  const slug = words === String(number) ? `org-${random.hex(6)}-${number}` : words;
  return random.pick([slug.toLowerCase(), slug.toLowerCase(), slug, slug.toUpperCase(), `${slug}_v2.eu~1`]);
}

function createExternalId(random: Random, number: number): string {
  const id = 1000 + number;
  return random.pick([
    `crm|${id}`,
    `auth0|${random.hex(12)}|${id}`,
    `tenant_${id}`,
    `SF-${random.hex(8).toUpperCase()}.${id}`,
    `${id}`,
  ]);
}

function deleteFields(organization: Organization, fields: readonly string[]): void {
  for (const field of fields) delete organization[field];
}
