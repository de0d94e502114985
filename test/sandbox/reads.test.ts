/** The reads of the sandbox beside an organization, a member by ID and the JWKS. */
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { demo } from "../../sandbox/seed.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";
import {
  ACME_PATH,
  acme,
  acmeMember,
  credentials,
  expectError,
  get,
  JWKS_PATH,
  organizationPath,
  otherOrganization,
  send,
  sendControl,
  useSandbox,
} from "./harness.ts";

useSandbox();

const body = async (path: string) => await (await get(path)).json<JsonObject>();

describe("reads of an organization's parts", () => {
  test.each(["/metrics", "/connected_apps", "/member?member_id=x"])(
    "%s of an unknown organization is not found",
    async (path) => {
      await expectError(await get(`${organizationPath("nobody")}${path}`), 404, "organization_not_found");
    },
  );

  test.each(["/metrics", "/connected_apps", "/member?member_id=x"])("%s needs credentials", async (path) => {
    await expectError(await send(`${ACME_PATH}${path}`), 401, "unauthorized_credentials");
  });

  test("metrics count the members who are not deleted", async () => {
    expect(await body(`${ACME_PATH}/metrics`)).toMatchObject({ member_count: 4, status_code: 200 });
  });

  test("a connected app of the list is found by its ID, with its active members", async () => {
    const list = await body(`${organizationPath("acme")}/connected_apps`);
    const [app] = list["connected_apps"] as JsonObject[];
    const found = await body(`${ACME_PATH}/connected_apps/${app?.["connected_app_id"] as string}`);
    expect(found).toMatchObject(app ?? {});
    expect(found["active_members"]).toContainEqual({
      granted_scopes: ["openid", "read:documents"],
      member_id: demo.member_id,
    });
  });

  test("an app that the organization lacks is not found", async () => {
    await expectError(await get(`${ACME_PATH}/connected_apps/x`), 404, "connected_app_not_found");
  });
});

describe("a member of an organization", () => {
  const address = encodeURIComponent(String(acmeMember?.email_address));

  test.each([
    `member_id=${demo.member_id}`,
    `email_address=${address}`,
    `email_address=${address.toUpperCase().replaceAll("%2E", "%2e")}`,
    `member_id=${demo.member_id}&email_address=${address}`,
  ])("is found by %s", async (query) => {
    expect(await body(`${ACME_PATH}/member?${query}`)).toMatchObject({
      member: acmeMember,
      member_id: demo.member_id,
      organization: acme,
    });
  });

  test.each([
    `member_id=${demo.deleted_member_id}`,
    "email_address=nobody%40acme.example",
    `member_id=${demo.member_id}&email_address=nobody%40acme.example`,
  ])("is not found by %s", async (query) => {
    await expectError(await get(`${ACME_PATH}/member?${query}`), 404, "member_not_found");
  });

  test("is not found in another organization", async () => {
    const path = organizationPath(String(otherOrganization?.organization_id));
    await expectError(await get(`${path}/member?member_id=${demo.member_id}`), 404, "member_not_found");
  });

  test("needs an ID or an address", async () => {
    await expectError(await get(`${ACME_PATH}/member`), 400, "invalid_member_get_fields");
  });
});

describe("RBAC policies", () => {
  test("the project's policy has roles, resources and scopes", async () => {
    expect(await body("/v1/b2b/rbac/policy")).toMatchObject({
      policy: {
        roles: expect.arrayContaining([expect.objectContaining({ role_id: "stytch_admin" })]) as unknown,
        resources: expect.arrayContaining([expect.objectContaining({ resource_id: "document" })]) as unknown,
        scopes: [expect.objectContaining({ scope: "read:documents" })],
      },
    });
  });

  test("an organization's policy has its custom roles", async () => {
    expect(await body("/v1/b2b/rbac/organizations/acme")).toMatchObject({
      org_policy: { roles: [{ role_id: "billing_viewer" }] },
    });
  });
});

describe("session JWTs", () => {
  const signIn = async (fields: JsonObject = {}) =>
    await sendControl("POST", "sessions", { member_id: demo.member_id, ...fields });

  async function verify(token: string) {
    const jwks = createLocalJWKSet(await (await send(JWKS_PATH)).json<JSONWebKeySet>());
    return await jwtVerify(token, jwks, {
      algorithms: ["RS256"],
      audience: credentials.STYTCH_PROJECT_ID,
      issuer: `stytch.com/${credentials.STYTCH_PROJECT_ID}`,
    });
  }

  test("a session JWT is signed with the key of the JWKS, and names its member", async () => {
    const response = await signIn();
    expect(response.status).toBe(201);
    const { session_jwt: token } = await response.json<{ session_jwt: string }>();
    const { payload, protectedHeader } = await verify(token);
    expect(protectedHeader).toMatchObject({ alg: "RS256", typ: "JWT" });
    expect(payload).toMatchObject({
      sub: demo.member_id,
      "https://stytch.com/organization": { organization_id: demo.organization_id, slug: "acme" },
      "https://stytch.com/session": { roles: ["stytch_member", "stytch_admin"] },
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
  });

  test("a token may be issued in the past, with other claims", async () => {
    const { session_jwt: token } = await (await signIn({ age_seconds: 301, claims: { plan: "gold" } })).json<{
      session_jwt: string;
    }>();
    await expect(verify(token)).rejects.toThrow(/exp/);
    expect(JSON.parse(atob(token.split(".")[1] ?? ""))).toMatchObject({ plan: "gold" });
  });

  test.each<[string, JsonObject, RegExp]>([
    ["session", { sub: demo.member_id }, /^$/],
    ["impersonated", { sub: demo.member_id }, /^$/],
    ["connected_app", { sub: demo.member_id, scope: "openid profile" }, /session/],
    ["m2m", { scope: "read:users" }, /session|organization/],
    ["consumer", {}, /organization/],
  ])("a token of the kind %s is signed with the same key", async (kind, claims, missing) => {
    const { session_jwt: token } = await (await signIn({ kind })).json<{ session_jwt: string }>();
    const { payload } = await verify(token);
    expect(payload).toMatchObject(claims);
    for (const name of ["session", "organization"]) {
      expect(Object.hasOwn(payload, `https://stytch.com/${name}`)).toBe(!missing.test(name));
    }
    expect(JSON.stringify(payload).includes("impersonated_factor")).toBe(kind === "impersonated");
  });

  test("a token of the kind expired is past its end, and another kind is refused", async () => {
    const { session_jwt: token } = await (await signIn({ kind: "expired" })).json<{ session_jwt: string }>();
    await expect(verify(token)).rejects.toThrow(/exp/);
    expect((await signIn({ kind: "admin" })).status).toBe(400);
  });

  test("a token of an unknown member, or of a body against the schema, is refused", async () => {
    expect((await signIn({ member_id: "member-test-0" })).status).toBe(404);
    expect((await signIn({ age_seconds: "1" })).status).toBe(400);
    expect((await sendControl("POST", "sessions", "no JSON")).status).toBe(400);
  });
});
