/**
 * Drift: a field that the SDKs declare as required and that Stytch omits. Real responses do this, so that drift never
 * fails a request; but it is the first sign of a change of the API, so it is logged for the operator.
 */
import { log } from "../log.ts";

/** The fields that every typed SDK requires (stytch 14.2.0), less those that the schemas require too. */
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

/** Returns the paths of the required fields that are missing, such as `member.is_locked`. Null counts as present. */
export function findDrift(envelope: Envelope): string[] {
  return (["organization", "member"] as const).flatMap((part) => {
    const object = envelope[part];
    if (object === undefined) return [];
    return REQUIRED_FIELDS[part].filter((field) => !(field in object)).map((field) => `${part}.${field}`);
  });
}

const DAY_MS = 86_400_000;

/** Logs drift, at most once a day. */
export class DriftReporter {
  #reportedAt = Number.NEGATIVE_INFINITY;

  /** Logs the drift of an envelope, if it has any and the last report is a day old. `now` is in ms since the epoch. */
  report(envelope: Envelope, now: number): void {
    if (now - this.#reportedAt < DAY_MS) return;
    const paths = findDrift(envelope);
    if (paths.length === 0) return;
    this.#reportedAt = now;
    log({ drift: paths });
  }
}
