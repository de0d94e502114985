/** The set-up of tests of webhooks: an organization with an external ID, and an isolate that receives its events. */
import { expect } from "vitest";
import type { Json } from "./bodies.ts";
import { statusOf } from "./cached.ts";
import { createIsolate } from "./deployment.ts";
import { organizationPath } from "./paths.ts";
import { type OrganizationSetUp, setUpOrganization } from "./setup.ts";
import { TEST_VARS } from "./vars.ts";
import { SECRET, signed } from "./webhook.ts";

export const WEBHOOK_PATH = "/webhooks/stytch";
export const LEASE_SECONDS = 5;

/** An event of the deployment's project that happens now. */
export const eventNow = (fields: Json): Json => ({
  action: "UPDATE",
  event_id: `webhook-event-test-${crypto.randomUUID()}`,
  project_id: TEST_VARS.STYTCH_PROJECT_ID,
  source: "DASHBOARD",
  timestamp: new Date().toISOString(),
  vertical: "B2B",
  ...fields,
});

export interface WebhookSetUp extends OrganizationSetUp {
  /** The paths of the organization by ID, slug and external ID. */
  readonly paths: readonly string[];
  /** An event that says that the organization was updated. */
  updateEvent(fields?: Json): Json;
  /** Sends an event with a valid signature to the isolate. */
  deliver(body: unknown): Promise<Response>;
}

export async function setUpWebhooks(): Promise<WebhookSetUp> {
  const setUp = await setUpOrganization({
    organization: { organization_external_id: `crm|${crypto.randomUUID()}` },
    overrides: { STYTCH_WEBHOOK_SECRET: SECRET },
  });
  const { isolate, organization, path, slugPath } = setUp;
  isolate.resetCounts();
  // Not a spread: `organization` of the set-up is a getter.
  return Object.assign(setUp, {
    paths: [path, slugPath, organizationPath(String(organization["organization_external_id"]))],
    updateEvent: (fields: Json = {}) =>
      eventNow({
        object_type: "organization",
        id: setUp.organization["organization_id"],
        organization: setUp.organization,
        ...fields,
      }),
    deliver: async (body: unknown) => await isolate.call(WEBHOOK_PATH, signed(body)),
  });
}

/** The response to an event that was accepted. */
export async function expectAccepted(response: Response): Promise<void> {
  expect([response.status, await response.text()]).toEqual([204, ""]);
  expect(response.headers.get("Cache-Control")).toBe("no-store");
}

/**
 * Nothing was purged: since the last reset of the counts, the isolate called no object and wrote nothing, and after
 * LEASE_SECONDS the entry is still served. Sets the time with `at`.
 */
export async function expectNothingPurged(
  { isolate, upstream, path, key }: WebhookSetUp,
  at: (seconds: number) => void,
): Promise<void> {
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  at(LEASE_SECONDS);
  for (const reader of [isolate, createIsolate()])
    expect(statusOf(await reader.call(path, { key }))).toMatch(/^postern; hit/);
  expect(upstream.requests).toHaveLength(1);
}
