import { describe, expect, test } from "vitest";
import { demo, organizations } from "../../sandbox/seed.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";
import {
  ACME_PATH,
  acme,
  acmeMember,
  anyRequestId,
  expectError,
  get,
  getMember,
  getOrganization,
  JWKS_PATH,
  send,
  useSandbox,
} from "./harness.ts";

useSandbox();

describe("GET organization", () => {
  test.each([demo.organization_id, demo.organization_slug, demo.organization_external_id])(
    "an organization is found by %s",
    async (key) => {
      const response = await getOrganization(key);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({
        organization: acme,
        request_id: anyRequestId,
        status_code: 200,
      });
    },
  );

  test("%2D (as sent by Rust) and a raw bar in a path name the same organization", async () => {
    for (const path of [ACME_PATH.replaceAll("-", "%2D"), "/v1/b2b/organizations/crm|1001"]) {
      expect(await (await get(path)).json()).toHaveProperty(
        "organization.organization_id",
        demo.organization_id,
      );
    }
  });

  test("a slug in the wrong case is not found", async () => {
    await expectError(await getOrganization("ACME"), 404, "organization_not_found");
  });

  test("an unknown organization is not found", async () => {
    await expectError(await getOrganization("nobody"), 404, "organization_not_found");
  });

  test("an encoded slash does not end an organization's identifier", async () => {
    await expectError(await get("/v1/b2b/organizations/acme%2Fmembers"), 404, "organization_not_found");
    await expectError(await get("/v1/b2b/organizations/members%2Fdangerously_get/x"), 404, "route_not_found");
  });

  test("a path that does not decode to UTF-8 is a bad request", async () => {
    await expectError(await get("/v1/b2b/organizations/%FF"), 400, "bad_request");
  });

  test("HEAD returns the status and headers of GET, without a body", async () => {
    const found = await get(ACME_PATH, { method: "HEAD" });
    expect([found.status, found.body]).toEqual([200, null]);
    expect(found.headers.get("content-type")).toMatch(/^application\/json/);
    expect((await get(`${ACME_PATH}0`, { method: "HEAD" })).status).toBe(404);
  });

  test("every organization of the seed is found by its slug", async () => {
    for (const organization of organizations) {
      const body = await (await getOrganization(organization.organization_slug)).json<{
        organization: JsonObject;
      }>();
      expect(body.organization).toEqual(organization);
    }
  });
});

describe("GET member", () => {
  test("a member response holds the member and its whole organization", async () => {
    const response = await getMember(demo.member_id);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      member: acmeMember,
      member_id: demo.member_id,
      organization: acme,
      request_id: anyRequestId,
      status_code: 200,
    });
  });

  test.each(["", "?include_deleted=false", "?include_deleted="])(
    "a deleted member is not found with the query '%s'",
    async (query) => {
      await expectError(await getMember(demo.deleted_member_id, query), 404, "member_not_found");
    },
  );

  test("a deleted member is found with include_deleted=true", async () => {
    const response = await getMember(demo.deleted_member_id, "?include_deleted=true");
    expect(response.status).toBe(200);
    expect(await response.json()).toHaveProperty("member.status", "deleted");
  });

  test("an unknown member is not found even with include_deleted=true", async () => {
    await expectError(await getMember("member-test-0", "?include_deleted=true"), 404, "member_not_found");
  });
});

describe("GET jwks", () => {
  test("the JWKS needs no credentials and holds one RSA key that can be imported", async () => {
    const response = await send(JWKS_PATH);
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("public, max-age=900");
    const body = await response.json<{ keys: (JsonWebKey & { kid: string })[]; status_code: number }>();
    expect(body.keys).toHaveLength(1);
    expect(body.status_code).toBe(200);
    const [jwk] = body.keys;
    expect(jwk?.kid).toMatch(/^jwk-test-/);
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("jwk", jwk as JsonWebKey, algorithm, false, ["verify"]);
    expect(key.algorithm).toMatchObject({ modulusLength: 2048 });
  });

  test("the JWKS of another project is not found", async () => {
    await expectError(await send(`${JWKS_PATH}0`), 404, "project_not_found");
  });
});

describe("routes", () => {
  test.each([
    ["GET", "/"],
    ["GET", "/v1/b2b/organizations"],
    ["GET", "/v1/b2b/organizations/"],
    ["GET", `${ACME_PATH}/members`],
    ["GET", `/${ACME_PATH}`],
    ["GET", "/v1/b2b/sessions/jwks"],
    ["GET", "/_sandboxed/requests"],
    ["POST", "/v1/b2b/organizations/acme"],
    ["PUT", ACME_PATH],
    ["DELETE", ACME_PATH],
  ])("%s %s is not a route", async (method, path) => {
    await expectError(await get(path, { method }), 404, "route_not_found");
  });
});
