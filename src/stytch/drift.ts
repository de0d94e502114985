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
  connected_apps: ["name", "description", "client_type"],
  policy: ["resources", "scopes"],
  "policy.roles": ["description"],
  "policy.resources": ["description"],
  "policy.scopes": ["description"],
  org_policy: ["roles"],
  "org_policy.roles": ["description"],
} as const;

/** A connected app that was asked for alone is its own envelope. */
const REQUIRED_FIELDS_OF_APP = [...REQUIRED_FIELDS.connected_apps, "active_members"];

/**
 * Returns the paths of the required fields that are missing, such as `member.is_locked`, each once. Null counts as
 * present, and so does everything in an object that the envelope does not have.
 */
export function findDrift(envelope: object): string[] {
  const paths = Object.entries(REQUIRED_FIELDS).flatMap(([path, fields]) =>
    objectsAt(envelope, path).flatMap((object) => missingIn(object, fields, `${path}.`)),
  );
  if ("connected_app_id" in envelope) paths.push(...missingIn(envelope, REQUIRED_FIELDS_OF_APP, ""));
  return [...new Set(paths)];
}

const missingIn = (object: object, fields: readonly string[], prefix: string) =>
  fields.filter((field) => !(field in object)).map((field) => prefix + field);

/** The objects at a dot path, which passes through lists. */
function objectsAt(envelope: object, path: string): object[] {
  return path
    .split(".")
    .reduce<unknown[]>(
      (values, name) =>
        values.flatMap((value) =>
          typeof value === "object" && value !== null ? ((value as Record<string, unknown>)[name] ?? []) : [],
        ),
      [envelope],
    )
    .filter((value) => typeof value === "object" && value !== null) as object[];
}

const DAY_MS = 86_400_000;

/** Logs drift, at most once a day. */
export class DriftReporter {
  #reportedAt = Number.NEGATIVE_INFINITY;

  /** Logs the drift of an envelope, if it has any and the last report is a day old. `now` is in ms since the epoch. */
  report(envelope: object, now: number): void {
    if (now - this.#reportedAt < DAY_MS) return;
    const paths = findDrift(envelope);
    if (paths.length === 0) return;
    this.#reportedAt = now;
    log({ drift: paths });
  }
}
