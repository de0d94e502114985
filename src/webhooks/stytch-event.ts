/**
 * Webhooks of Stytch, which Svix delivers: the check of their signature, and the organizations that they concern.
 * https://docs.svix.com/receiving/verifying-payloads/how-manual, https://stytch.com/docs/b2b/guides/webhooks
 */
import { Webhook } from "standardwebhooks";
import { isIdentifier } from "../stytch/identifier.ts";

/**
 * True if one of `secrets` signed this body, at most 5 minutes before or after now. While a secret rotates, Svix signs
 * with both.
 */
export function hasValidSignature(headers: Headers, body: string, secrets: readonly string[]): boolean {
  // Svix can be configured to send `webhook-` in place of `svix-`.
  const header = (name: string) => headers.get(`svix-${name}`) ?? headers.get(`webhook-${name}`) ?? "";
  const signatureHeaders = {
    "webhook-id": header("id"),
    "webhook-timestamp": header("timestamp"),
    "webhook-signature": header("signature"),
  };
  return secrets.some((secret) => {
    try {
      new Webhook(secret).verify(body, signatureHeaders, { jsonParse: false });
      return true;
    } catch {
      return false;
    }
  });
}

export interface StytchEvent {
  /** The identifiers of the organization that the event concerns: ID, slug, external ID. Empty if it concerns none. */
  readonly identifiers: readonly string[];
  /** For the log: `dashboard.organization.update`, for example, or `unknown`. */
  readonly type: string;
}

/**
 * Parses the body of an event. Events of an organization concern it; those of members and of SSO and SCIM connections
 * concern the organization to which they belong; all others, and those of another project, concern none. Never throws.
 */
export function parseEvent(json: unknown, projectId: string): StytchEvent {
  const [source, objectType, action] = ["source", "object_type", "action"].map((name) => {
    const value = fieldOf(json, name);
    return typeof value === "string" ? value.toLowerCase() : "";
  });
  const type = `${source}.${objectType}.${action}`;
  return {
    identifiers:
      isOfOtherProject(json, projectId) || objectType === undefined ? [] : identifiersIn(objectType, json),
    // The sender chooses these texts: only a short one of the expected form is fit for the log.
    type: /^[a-z_]+\.[a-z_]+\.[a-z_]+$/.test(type) && type.length <= 100 ? type : "unknown",
  };
}

/** True if the event names another Stytch project; some name none. */
export function isOfOtherProject(json: unknown, projectId: string): boolean {
  const project = fieldOf(json, "project_id");
  return project !== undefined && project !== projectId;
}

function identifiersIn(objectType: string, json: unknown): string[] {
  // The object is under its own type. A deleted object may be described in `details` only.
  const objects = [fieldOf(json, objectType), fieldOf(json, "details")];
  const valuesOf = (name: string) => objects.map((object) => fieldOf(object, name));
  const candidates =
    objectType === "organization"
      ? [
          fieldOf(json, "id"),
          ...["organization_id", "organization_slug", "organization_external_id"].flatMap(valuesOf),
        ]
      : objectType === "member" || /^(saml|oidc|scim|external|sso)_connection$/.test(objectType)
        ? valuesOf("organization_id")
        : [];
  const identifiers = candidates.filter((one): one is string => typeof one === "string" && isIdentifier(one));
  return [...new Set(identifiers)];
}

/** Returns a property of the object's own, or undefined if there is none or `value` is not an object. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
