/**
 * Creates 1,000 organizations. The first is the demo organization. The others have one of three shapes seen at Stytch:
 * half have every field that the API sends today, with explicit nulls and `scim_active_connections`, which no SDK
 * declares; 30 % lack that field and two newer ones; 20 % have only the fields of the documentation's example.
 */

import { createRandom, type Random } from "./random.ts";
import { createLongMetadata } from "./seed-metadata.ts";
import { createDefaults, createEnterpriseFields } from "./seed-organization-fields.ts";
import { LATIN_COMPANIES, OTHER_COMPANIES, SUFFIXES } from "./seed-words.ts";
import type { Organization } from "./shapes.ts";

const ORGANIZATION_COUNT = 1_000;
/** Stytch's limit for an organization's name. */
const MAX_NAME_LENGTH = 128;
/** The share of each enumeration value or field that no SDK declares: Stytch adds some before the SDKs do. */
const UNDECLARED_SHARE = 0.06;
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
  return [
    acme,
    ...Array.from({ length: ORGANIZATION_COUNT - 1 }, (_, index) => createOrganization(random, index + 2)),
  ];
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
  const paddedName = number % 67 === 0 ? name.padEnd(MAX_NAME_LENGTH, "·") : name;
  const organization: Organization = {
    ...createDefaults(random, paddedName, createSlug(random, name, number)),
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
