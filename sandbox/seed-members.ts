/**
 * About 1,000 members, none to some dozens in an organization: every status, registrations of every kind,
 * fields that are null or `""` or (in older accounts) absent, and roles from every source.
 */

import { createRandom, type Random } from "./random.ts";
import { createMetadata } from "./seed-metadata.ts";
import { createRegistrations } from "./seed-registrations.ts";
import { FAMILY_NAMES, GIVEN_NAMES, OTHER_NAMES } from "./seed-words.ts";
import type { Json, Member, Organization } from "./shapes.ts";

/** Of twenty members, fourteen are active; the last status is one that no SDK lists. */
const OTHER_STATUSES = ["invited", "invited", "pending", "deleted", "deleted", "awaiting_approval"] as const;
const ACTIVE_SHARE = 0.7;
const DEMO_NAMES = [
  "Amara Okafor",
  "Jonas Lindqvist",
  "Grace Tanaka",
  "Marek Kowalski",
  "Noor Haddad",
] as const;
const UNTIL = "2026-11-01T00:00:00Z";
const LOCK = {
  is_locked: true,
  lock_created_at: "2026-10-30T08:00:00Z",
  lock_expires_at: "2026-10-30T09:00:00Z",
} as const;
/** Fields that older accounts and older documentation do not have. */
const NEWER = [
  "is_locked",
  "retired_email_addresses",
  "roles",
  "created_at",
  "updated_at",
  "lock_created_at",
  "lock_expires_at",
] as const;

export function createMembers(seed: number, organizations: readonly Organization[]): Member[] {
  const random = createRandom(seed);
  return organizations.flatMap((organization, index) => {
    if (index === 0) return createDemoTeam(random, organization);
    const size = index % 40 === 0 ? random.int(30, 60) : random.int(0, 9);
    return Array.from({ length: size }, (_, place) => createMember(random, organization, place));
  });
}

/** The first organization has one active member to show, and one deleted, whatever the seed. */
function createDemoTeam(random: Random, organization: Organization): Member[] {
  return DEMO_NAMES.map((name, place) => ({
    ...createMember(random, organization, place, place === 1 ? "deleted" : "active"),
    email_address: `${name.toLowerCase().replace(" ", ".")}@acme.example`,
    name,
  }));
}

function createStatus(random: Random): string {
  return random.chance(ACTIVE_SHARE) ? "active" : random.pick(OTHER_STATUSES);
}

function createMember(
  random: Random,
  organization: Organization,
  place: number,
  status = createStatus(random),
): Member {
  const name = random.chance(0.75)
    ? `${random.pick(GIVEN_NAMES)} ${random.pick(FAMILY_NAMES)}`
    : random.pick(OTHER_NAMES);
  const createdAt = random.time("2024-02-01T00:00:00Z", UNTIL);
  const enrolled = status === "active" && random.chance(0.3);
  const phone = enrolled ? `+1555${random.int(1_000_000, 9_999_999)}` : "";
  const member: Member = {
    created_at: createdAt,
    default_mfa_method: enrolled ? random.pick(["sms_otp", "totp", "webauthn"]) : "",
    email_address: createEmail(random, organization, place),
    email_address_verified: status === "active",
    is_admin: place === 0,
    is_breakglass: random.chance(0.05),
    is_locked: false,
    member_id: `member-test-${random.uuid()}`,
    member_password_id: random.chance(0.4) ? `member-password-test-${random.uuid()}` : "",
    mfa_enrolled: enrolled,
    mfa_phone_number: phone === "" && random.chance(0.1) ? null : phone,
    mfa_phone_number_verified: enrolled,
    name,
    organization_id: organization.organization_id,
    retired_email_addresses: createRetired(random),
    roles: createRoles(random, place === 0),
    status,
    totp_registration_id: enrolled ? `member-totp-test-${random.uuid()}` : "",
    trusted_metadata: createMetadata(random),
    untrusted_metadata: random.chance(0.3)
      ? { theme: "dark", "ui.lang": "日本語", pinned: [1, 2.5, null] }
      : {},
    updated_at: random.time(createdAt, UNTIL),
    ...createRegistrations(random, organization, name),
    ...random.maybe(0.25, { external_id: `hr|${random.int(1, 400)}` }),
    ...random.maybe(0.03, LOCK),
  };
  if (place > 1 && random.chance(0.15)) for (const field of NEWER) delete member[field];
  return member;
}

function createEmail(random: Random, organization: Organization, place: number): string {
  const local = `${random.pick(["jo", "A.Very.Long.Local.Part", "user+tag", "o'brien", "用户"])}.${place}`;
  return `${local}@${organization.organization_id.slice(-12)}.example`;
}

function createRetired(random: Random): Json[] {
  if (random.chance(0.9)) return [];
  // One page of the documentation shows bare addresses where the SDKs have objects.
  return [
    { email_address: "before@customer.example", email_id: `email-test-${random.uuid()}` },
    "older@customer.example",
  ];
}

function createRoles(random: Random, admin: boolean): Json[] {
  const member: Json = { role_id: "stytch_member", sources: [{ details: {}, type: "direct_assignment" }] };
  const roles: Json[] = [member];
  if (admin) roles.push({ role_id: "stytch_admin", sources: [{ details: {}, type: "direct_assignment" }] });
  if (random.chance(0.3)) roles.push({ role_id: "billing_viewer", sources: [createSource(random)] });
  return roles;
}

function createSource(random: Random): Json {
  return random.pick<Json>([
    { details: { email_domain: "customer.example" }, type: "email_assignment" },
    { details: { connection_id: `saml-connection-test-${random.uuid()}` }, type: "sso_connection" },
    {
      details: { connection_id: `saml-connection-test-${random.uuid()}`, group: "Finance" },
      type: "sso_connection_group",
    },
    { details: { group_id: "finance" }, type: "directory_rule" },
    { type: "direct_assignment" },
  ]);
}
