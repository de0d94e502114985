/**
 * Stytch's webhooks, which Svix sends: whether one is genuine, and which organizations it is about.
 * https://docs.svix.com/receiving/verifying-payloads/how-manual, https://stytch.com/docs/b2b/guides/webhooks
 */

import { Webhook } from "standardwebhooks";
import { isIdentifier } from "../stytch/identifier.ts";

/** Whether one of these secrets has signed this body, less than 5 minutes ago. While a secret rotates, Svix signs with both. */
export function hasValidSignature(headers: Headers, body: string, secrets: readonly string[]): boolean {
  // Some customers of Svix have its headers renamed.
  const header = (name: string) => headers.get(`svix-${name}`) ?? headers.get(`webhook-${name}`) ?? "";
  const signed = {
    "webhook-id": header("id"),
    "webhook-timestamp": header("timestamp"),
    "webhook-signature": header("signature"),
  };
  return secrets.some((secret) => {
    try {
      new Webhook(secret).verify(body, signed, { jsonParse: false });
      return true;
    } catch {
      return false;
    }
  });
}

export interface StytchEvent {
  /** The names by which the organization may be known: its ID first, where it has one. Empty: none is concerned. */
  readonly identifiers: readonly string[];
  /** Such as `dashboard.organization.update`, which the body does not say itself. */
  readonly type: string;
}

/** An organization's own events name it; those of members and of SSO and SCIM connections say whose they are. Others concern nobody. */
export function parseEvent(json: unknown, projectId: string): StytchEvent {
  const [source, type, action] = ["source", "object_type", "action"].map((name) => {
    const value = fieldOf(json, name);
    return typeof value === "string" ? value.toLowerCase() : "";
  });
  const title = `${source}.${type}.${action}`;
  const project = fieldOf(json, "project_id");
  const isOfAnother = project !== undefined && project !== projectId;
  return {
    identifiers: isOfAnother || type === undefined ? [] : identifiersIn(type, json),
    type: /^[a-z_]+\.[a-z_]+\.[a-z_]+$/.test(title) && title.length <= 100 ? title : "unknown",
  };
}

function identifiersIn(type: string, json: unknown): string[] {
  const parts = [fieldOf(json, type), fieldOf(json, "details")];
  const named = (name: string) => parts.map((part) => fieldOf(part, name));
  const all =
    type === "organization"
      ? [
          fieldOf(json, "id"),
          ...["organization_id", "organization_slug", "organization_external_id"].flatMap(named),
        ]
      : type === "member" || /^(saml|oidc|scim|external|sso)_connection$/.test(type)
        ? named("organization_id")
        : [];
  return [...new Set(all.filter((name): name is string => typeof name === "string" && isIdentifier(name)))];
}

/** A field of what may be anything. */
function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
