/** Members' sessions over sockets: signed by the sandbox, verified by the built Worker. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { demo, getMembers } from "../../sandbox/seed.ts";
import { organizationPath } from "../support/paths.ts";
import { type SandboxedPostern, startPostern } from "./postern.ts";

const members = getMembers();

const PATH = organizationPath(demo.organization_slug);
const OWN = `${organizationPath(demo.organization_id)}/member?member_id=${demo.member_id}`;
const PAGE = "https://app.example";
const colleague = members.find(
  ({ organization_id, member_id, status }) =>
    organization_id === demo.organization_id && member_id !== demo.member_id && status === "active",
);
const stranger = members.find(({ organization_id }) => organization_id !== demo.organization_id);

let postern: SandboxedPostern;

beforeAll(async () => {
  postern = await startPostern({ CORS_ORIGINS: PAGE, LEASE_SECONDS: "1" });
});
afterAll(async () => await postern.stop());

async function signIn(fields: object = {}): Promise<string> {
  const response = await fetch(`${postern.sandboxUrl}/_sandbox/sessions`, {
    method: "POST",
    body: JSON.stringify({ member_id: demo.member_id, ...fields }),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { session_jwt: string }).session_jwt;
}

const read = async (path: string, token: string, headers: Record<string, string> = {}) =>
  await fetch(postern.url + path, { headers: { Authorization: `Bearer ${token}`, ...headers } });
const errorOf = async (response: Response) => ((await response.json()) as { error_type: string }).error_type;

const allow = async () =>
  await postern.admin("PUT", "/admin/session-policy", { scopes: ["organizations:read", "members:read"] });

/** Resolves once the policy is in force: at once, unless a test has removed it. */
async function allowed(): Promise<void> {
  await allow();
  const token = await signIn();
  await expect.poll(async () => (await read(PATH, token)).status, { timeout: 5_000 }).toBe(200);
}

test("a session is refused until a policy is set, reads what it may, and is refused once the policy is gone", async () => {
  const token = await signIn();
  expect(await errorOf(await read(PATH, token))).toBe("invalid_session");
  await allow();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const response = await read(PATH, token, { Origin: PAGE });
  expect(response.status).toBe(200);
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe(PAGE);
  expect(await response.json()).toMatchObject({ organization: { organization_id: demo.organization_id } });
  const own = await read(OWN, token);
  expect(await own.json()).toMatchObject({ member_id: demo.member_id });
  expect(await (await read("/whoami", token)).json()).toMatchObject({
    kind: "session",
    organization_id: demo.organization_id,
    member_id: demo.member_id,
  });

  await postern.upstreamCalls();
  for (let call = 0; call < 5; call += 1) {
    expect((await read(PATH, token)).headers.get("Cache-Status")).toContain("postern; hit");
  }
  expect(await postern.upstreamCalls()).toBe(0);

  await postern.admin("DELETE", "/admin/session-policy");
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await errorOf(await read(PATH, token))).toBe("invalid_session");
});

test("tokens of other kinds are refused, and an expired one is told so", async () => {
  await allowed();
  for (const kind of ["connected_app", "m2m", "consumer", "impersonated"]) {
    const response = await read(PATH, await signIn({ kind }));
    expect([response.status, await errorOf(response)]).toEqual([401, "invalid_session"]);
  }
  expect(await errorOf(await read(PATH, await signIn({ kind: "expired" })))).toBe("expired_session");
});

test("a session sees no other organization, colleague or operation", async () => {
  await allowed();
  const token = await signIn();
  const missing = [
    organizationPath(String(stranger?.organization_id)),
    `${organizationPath(demo.organization_id)}/member?member_id=${colleague?.member_id}`,
    `${organizationPath(demo.organization_id)}/member?email_address=${colleague?.email_address}`,
  ];
  for (const path of missing) expect((await read(path, token)).status).toBe(404);
  for (const path of [`${PATH}/metrics`, "/v1/b2b/rbac/policy"]) {
    expect((await read(path, token)).status).toBe(403);
  }
});

test("a revoked member is refused within LEASE_SECONDS, and a session that begins later is not", async () => {
  await allowed();
  const token = await signIn();
  expect((await read(PATH, token)).status).toBe(200);
  await postern.admin("POST", "/admin/sessions/revoke", { member_id: demo.member_id });
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect(await errorOf(await read(PATH, token))).toBe("revoked_session");
  expect((await read(PATH, await signIn())).status).toBe(200);
});
