/**
 * The reads that the official Node SDK makes beside an organization and a member by ID, local checks of sessions with
 * RBAC policies that come through Postern, and the examples of the reference.
 */
import { B2BClient } from "stytch";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { PROJECT_ID } from "../../dev/credentials.ts";
import { operationsOf } from "../../openapi/pages/reference-page.ts";
import type { PageDocument, RoutedOperation } from "../../openapi/pages/shapes.ts";
import { curlOf } from "../../openapi/pages/snippets.ts";
import document from "../../openapi.json";
import { demo, getMembers, organizations } from "../../sandbox/seed.ts";
import { projectPolicy } from "../../sandbox/seed-rbac.ts";
import { type SandboxedPostern, startPostern } from "./postern.ts";

const members = getMembers();

let postern: SandboxedPostern;
let client: B2BClient;
let key: string;

beforeAll(async () => {
  postern = await startPostern();
  key = await postern.createKey([
    "organizations:read",
    "organizations:metrics",
    "organizations:connected_apps",
    "members:read",
    "members:dangerously_get",
    "rbac:read",
  ]);
  // The SDK warns of a plain-HTTP base URL.
  vi.spyOn(console, "warn").mockImplementation(() => {});
  client = new B2BClient({ project_id: PROJECT_ID, secret: key, env: `${postern.url}/` });
});
afterAll(async () => await postern.stop());
beforeEach(async () => {
  await postern.upstreamCalls();
});
afterEach(() => vi.restoreAllMocks());

const [acme] = organizations;
const [ada] = members;
const organization_id = demo.organization_id;

test("organizations.metrics, by ID and by slug, reaches Stytch once for each name", async () => {
  for (const id of [organization_id, organization_id, demo.organization_slug, demo.organization_slug]) {
    expect(await client.organizations.metrics({ organization_id: id })).toMatchObject({ member_count: 4 });
  }
  // The metrics, and the organization by its slug.
  expect(await postern.upstreamCalls()).toBe(2);
});

test("organizations.connectedApps and getConnectedApp are cached", async () => {
  for (const _ of [1, 2]) {
    const { connected_apps: apps } = await client.organizations.connectedApps({ organization_id });
    expect(apps).toHaveLength(4);
    const connected_app_id = apps[0]?.connected_app_id ?? "";
    const app = await client.organizations.getConnectedApp({ organization_id, connected_app_id });
    expect(app).toMatchObject({ ...apps[0] });
    expect(app.active_members).toContainEqual({
      member_id: demo.member_id,
      granted_scopes: ["openid", "read:documents"],
    });
  }
  expect(await postern.upstreamCalls()).toBe(2);
});

test("organizations.members.get, by ID and by address, reaches Stytch each time", async () => {
  for (const who of [{ member_id: demo.member_id }, { email_address: ada?.email_address ?? "" }]) {
    const { member, organization } = await client.organizations.members.get({ organization_id, ...who });
    expect([member, organization]).toEqual([ada, acme]);
  }
  expect(await postern.upstreamCalls()).toBe(2);
  const missing = client.organizations.members.get({ organization_id, email_address: "nobody@acme.example" });
  await expect(missing).rejects.toMatchObject({ status_code: 404, error_type: "member_not_found" });
});

test("rbac.policy and rbac.organizations.getOrgPolicy are cached", async () => {
  for (const _ of [1, 2]) {
    expect((await client.rbac.policy()).policy).toEqual(projectPolicy);
    const { org_policy: policy } = await client.rbac.organizations.getOrgPolicy({ organization_id });
    expect(policy.roles).toMatchObject([{ role_id: "billing_viewer" }]);
  }
  expect(await postern.upstreamCalls()).toBe(2);
});

test("a session is checked locally, with the public keys and RBAC policies of Postern", async () => {
  const session_jwt = await signIn();
  const keys = await client.sessions.getJWKS({ project_id: PROJECT_ID });
  expect(keys.keys).toHaveLength(1);
  const session = await client.sessions.authenticateJwtLocal({ session_jwt });
  expect(session).toMatchObject({ member_id: demo.member_id, organization_id, organization_slug: "acme" });

  const allowed = { organization_id, resource_id: "document", action: "delete" };
  const checked = await client.sessions.authenticateJwt({ session_jwt, authorization_check: allowed });
  expect(checked.member_session).toMatchObject({ member_id: demo.member_id });

  const denied = { organization_id, resource_id: "invoice", action: "refund" };
  await expect(
    client.sessions.authenticateJwtLocal({ session_jwt, authorization_check: denied }),
  ).rejects.toMatchObject({ code: "invalid_permissions" });
  // The SDK then asks the API, and Postern does not pass that on.
  await expect(
    client.sessions.authenticateJwt({ session_jwt, authorization_check: denied }),
  ).rejects.toMatchObject({ status_code: 404, error_type: "route_not_found" });
  await expect(
    client.sessions.authenticateJwtLocal({
      session_jwt,
      authorization_check: { ...allowed, organization_id: "organization-test-other" },
    }),
  ).rejects.toMatchObject({ code: "tenancy_mismatch" });
  const asked = await (await fetch(`${postern.sandboxUrl}/_sandbox/requests`)).text();
  expect(asked).toContain("/sessions/jwks/");
  expect(asked).not.toContain("authenticate");
});

async function signIn(): Promise<string> {
  const response = await fetch(`${postern.sandboxUrl}/_sandbox/sessions`, {
    method: "POST",
    body: JSON.stringify({ member_id: demo.member_id }),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { session_jwt: string }).session_jwt;
}

const operations = operationsOf(document as unknown as PageDocument);
const inSdk = operations.filter((operation) => operation["x-node-sdk"] !== undefined);

/** The address of the curl example, with the deployment's. */
function addressOf(operation: RoutedOperation): string {
  const [, path = ""] = /"\$POSTERN_URL([^"]*)"/.exec(curlOf(operation) ?? "") ?? [];
  return postern.url + path;
}

test.each(inSdk)("the examples of $operationId work, with curl and with the SDK", async (operation) => {
  const response = await fetch(addressOf(operation), { headers: { Authorization: `Bearer ${key}` } });
  expect(response.status).toBe(200);
  const call = operation["x-node-sdk"] ?? "";
  const examples = (operation.parameters ?? []).filter(({ name }) => /^\w+$/.test(name));
  const run = new Function("postern", ...examples.map(({ name }) => name), `return postern.${call};`) as (
    postern: B2BClient,
    ...values: unknown[]
  ) => Promise<{ status_code: number }>;
  expect(await run(client, ...examples.map(({ example }) => example))).toMatchObject({ status_code: 200 });
});
