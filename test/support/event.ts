/** Bodies of Stytch's events, as in Svix's catalogue of event types. */
import { parseEvent } from "../../src/webhooks/stytch-event.ts";

export const PROJECT = "project-test-00000000-0000-0000-0000-000000000000";
export const ORGANIZATION = "organization-test-00000000-0000-0000-0000-000000000000";
export const MEMBER = "member-test-00000000-0000-0000-0000-000000000000";
export const OTHER = "organization-test-11111111-1111-4111-8111-111111111111";

/** An event with these fields; `undefined` removes a field. */
export function event(fields: Record<string, unknown>): unknown {
  const body = {
    action: "UPDATE",
    event_id: "webhook-event-test-00000000-0000-0000-0000-000000000000",
    project_id: PROJECT,
    source: "DIRECT",
    timestamp: "2024-01-02T03:04:05.678901Z",
    vertical: "B2B",
    ...fields,
  };
  return JSON.parse(JSON.stringify(body));
}
/** The identifiers that an event names. */
export const identifiersIn = (json: unknown) => parseEvent(json, PROJECT).identifiers;

export const ACME = {
  organization_id: ORGANIZATION,
  organization_name: "Acme",
  organization_slug: "acme",
  organization_external_id: "crm|1",
};
export const ADA = { member_id: MEMBER, organization_id: ORGANIZATION, email_address: "ada@acme.example" };
