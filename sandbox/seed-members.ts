/**
 * Creates about 5,400 members, from none to 60 in an organization. They cover every status, every kind of registration, roles
 * from every source, and fields that are null, `""` or (in older accounts) absent.
 */

import { createRandom, type Random } from "./random.ts";
import { createMetadata } from "./seed-metadata.ts";
import { createRegistrations } from "./seed-registrations.ts";
import { FAMILY_NAMES, GIVEN_NAMES, OTHER_NAMES } from "./seed-words.ts";
import type { Json, Member, Organization } from "./shapes.ts";

/** The last status is one that no SDK lists. Repeated statuses are picked more often. */
const OTHER_STATUSES = ["invited", "invited", "pending", "deleted", "deleted", "awaiting_approval"] as const;
const ACTIVE_SHARE = 0.7;
const DEMO_NAMES = [
  "Amara Okafor",
  "Jonas Lindqvist",
  "Grace Tanaka",
  "Marek Kowalski",
  "Noor Haddad",
] as const;
const LATEST_TIME = "2026-11-01T00:00:00Z";
const LOCK = {
  is_locked: true,
  lock_created_at: "2026-10-30T08:00:00Z",
  lock_expires_at: "2026-10-30T09:00:00Z",
} as const;
/** Fields that older accounts and older versions of the documentation lack. */
const NEWER_FIELDS = [
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
    return Array.from({ length: size }, (_, position) => createMember(random, organization, position));
  });
}

/** With every seed, the first organization's first member is active and its second is deleted. */
function createDemoTeam(random: Random, organization: Organization): Member[] {
  return DEMO_NAMES.map((name, position) => ({
    ...createMember(random, organization, position, position === 1 ? "deleted" : "active"),
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
  position: number,
  status = createStatus(random),
): Member {
  const name = random.chance(0.75)
    ? `${random.pick(GIVEN_NAMES)} ${random.pick(FAMILY_NAMES)}`
    : random.pick(OTHER_NAMES);
  const createdAt = random.timestamp("2024-02-01T00:00:00Z", LATEST_TIME);
  const isMfaEnrolled = status === "active" && random.chance(0.3);
  const phone = isMfaEnrolled ? `+1555${random.int(1_000_000, 9_999_999)}` : "";
  const member: Member = {
    created_at: createdAt,
    default_mfa_method: isMfaEnrolled ? random.pick(["sms_otp", "totp", "webauthn"]) : "",
    email_address: createEmail(random, organization, position),
    email_address_verified: status === "active",
    is_admin: position === 0,
    is_breakglass: random.chance(0.05),
    is_locked: false,
    member_id: `member-test-${random.uuid()}`,
    member_password_id: random.chance(0.4) ? `member-password-test-${random.uuid()}` : "",
    mfa_enrolled: isMfaEnrolled,
    mfa_phone_number: phone === "" && random.chance(0.1) ? null : phone,
    mfa_phone_number_verified: isMfaEnrolled,
    name,
    organization_id: organization.organization_id,
    retired_email_addresses: createRetiredEmails(random),
    roles: createRoles(random, position === 0),
    status,
    totp_registration_id: isMfaEnrolled ? `member-totp-test-${random.uuid()}` : "",
    trusted_metadata: createMetadata(random),
    untrusted_metadata: random.chance(0.3)
      ? { theme: "dark", "ui.lang": "日本語", pinned: [1, 2.5, null] }
      : {},
    updated_at: random.timestamp(createdAt, LATEST_TIME),
    ...createRegistrations(random, organization, name),
    ...random.maybe(0.25, { external_id: `hr|${random.int(1, 400)}` }),
    ...random.maybe(0.03, LOCK),
  };
  if (position > 1 && random.chance(0.15)) for (const field of NEWER_FIELDS) delete member[field];
  return member;
}

function createEmail(random: Random, organization: Organization, position: number): string {
  const local = `${random.pick(["jo", "A.Very.Long.Local.Part", "user+tag", "o'brien", "用户"])}.${position}`;
  return `${local}@${organization.organization_id.slice(-12)}.example`;
}

function createRetiredEmails(random: Random): Json[] {
  if (random.chance(0.9)) return [];
  // The SDKs declare objects, but one page of Stytch's documentation shows plain addresses.
  return [
    { email_address: "before@customer.example", email_id: `email-test-${random.uuid()}` },
    "older@customer.example",
  ];
}

function createRoles(random: Random, isAdmin: boolean): Json[] {
  const member: Json = { role_id: "stytch_member", sources: [{ details: {}, type: "direct_assignment" }] };
  const roles: Json[] = [member];
  if (isAdmin) roles.push({ role_id: "stytch_admin", sources: [{ details: {}, type: "direct_assignment" }] });
  if (random.chance(0.3)) roles.push({ role_id: "billing_viewer", sources: [createRoleSource(random)] });
  return roles;
}

function createRoleSource(random: Random): Json {
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
