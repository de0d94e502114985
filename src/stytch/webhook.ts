/**
 * Stytch's webhooks, which Svix sends: whether one is genuine, and which organizations it is about.
 * https://docs.svix.com/receiving/verifying-payloads/how-manual, https://stytch.com/docs/b2b/guides/webhooks
 */
import { Webhook } from "standardwebhooks";
import * as z from "zod";
import { isIdentifier } from "./identifier.ts";

/** Whether one of these secrets has signed this body, less than 5 minutes ago. While a secret rotates, Svix signs with both. */
export function isGenuine(headers: Headers, body: string, secrets: readonly string[]): boolean {
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

const Named = z.looseObject({
  organization_id: z.unknown(),
  organization_slug: z.unknown(),
  organization_external_id: z.unknown(),
});

const Event = z.looseObject({
  project_id: z.unknown(),
  source: z.unknown(),
  object_type: z.string().toLowerCase(),
  action: z.unknown(),
  id: z.unknown(),
  details: Named.optional().catch(undefined),
});

export interface Concern {
  /** The names by which the organization may be known: its ID first, where it has one. Empty: none is concerned. */
  readonly names: readonly string[];
  /** Such as `dashboard.organization.update`, which the body does not say itself. */
  readonly event: string;
}

/** An organization's own events name it; those of members and of SSO and SCIM connections say whose they are. Others concern nobody. */
export function concernOf(json: unknown, projectId: string): Concern {
  const parsed = Event.safeParse(json);
  if (!parsed.success) return { names: [], event: "unknown" };
  const event = parsed.data;
  const { object_type: type, source, action, id, details, project_id } = event;
  const title = [source, type, action].map((part) => String(part).toLowerCase()).join(".");
  const isOfAnother = project_id !== undefined && project_id !== projectId;
  return {
    names: isOfAnother ? [] : namesIn(type, id, [Named.safeParse(event[type]).data, details]),
    event: /^[a-z_.]{1,100}$/.test(title) ? title : "unknown",
  };
}

function namesIn(
  type: string,
  id: unknown,
  objects: readonly (z.output<typeof Named> | undefined)[],
): string[] {
  const ids = objects.map((object) => object?.organization_id);
  const named: unknown[] = [];
  if (type === "organization") {
    const aliases = objects.flatMap((object) => [
      object?.organization_slug,
      object?.organization_external_id,
    ]);
    named.push(id, ...ids, ...aliases);
  } else if (type === "member" || /^(saml|oidc|scim|external|sso)_connection$/.test(type)) named.push(...ids);
  const names = named.filter((name): name is string => typeof name === "string" && isIdentifier(name));
  return [...new Set(names)];
}
