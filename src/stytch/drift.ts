/**
 * Drift: a field that the SDKs call required and that Stytch leaves out. Never a refusal, since real answers do this,
 * but an operator should hear of it: it is how an API change shows first.
 */

import { log } from "../log.ts";

/** Required in every typed SDK (stytch 14.2.0), beyond what the schemas refuse to do without. */
const REQUIRED_FIELDS = {
  organization: [
    "organization_logo_url",
    "sso_jit_provisioning",
    "sso_jit_provisioning_allowed_connections",
    "sso_active_connections",
    "email_allowed_domains",
    "email_jit_provisioning",
    "email_invites",
    "auth_methods",
    "allowed_auth_methods",
    "mfa_policy",
    "mfa_methods",
    "allowed_mfa_methods",
    "oauth_tenant_jit_provisioning",
    "rbac_email_implicit_role_assignments",
    "claimed_email_domains",
    "first_party_connected_apps_allowed_type",
    "allowed_first_party_connected_apps",
    "third_party_connected_apps_allowed_type",
    "allowed_third_party_connected_apps",
    "custom_roles",
  ],
  member: [
    "name",
    "sso_registrations",
    "is_breakglass",
    "is_admin",
    "is_locked",
    "member_password_id",
    "email_address_verified",
    "retired_email_addresses",
    "mfa_enrolled",
    "mfa_phone_number",
    "mfa_phone_number_verified",
    "default_mfa_method",
    "totp_registration_id",
    "oauth_registrations",
    "roles",
  ],
} as const;

type Envelope = { readonly organization?: object; readonly member?: object };

/** The paths of required fields that an envelope lacks, such as `member.is_locked`. Null counts as present. */
export function findDrift(envelope: Envelope): string[] {
  return (["organization", "member"] as const).flatMap((part) => {
    const object = envelope[part];
    if (object === undefined) return [];
    return REQUIRED_FIELDS[part].filter((field) => !(field in object)).map((field) => `${part}.${field}`);
  });
}

const DAY_MS = 86_400_000;

/** Logs drift, once a day for each client. */
export class DriftReporter {
  #reportedAt = Number.NEGATIVE_INFINITY;

  /** Logs the drift of an envelope, unless some was logged less than a day ago. `now`: ms since the epoch. */
  report(envelope: Envelope, now: number): void {
    if (now - this.#reportedAt < DAY_MS) return;
    const paths = findDrift(envelope);
    if (paths.length === 0) return;
    this.#reportedAt = now;
    log({ drift: paths });
  }
}
