import { beforeEach, describe, expect, test, vi } from "vitest";
import { demo, members, organizations } from "../../sandbox/seed.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";
import { Store } from "../../sandbox/store.ts";
import {
  ACME_PATH,
  basic,
  env,
  get,
  getMember,
  getOrganization,
  reset,
  send,
  sendControl,
} from "./harness.ts";

const JWKS = `/v1/b2b/sessions/jwks/${env.STYTCH_PROJECT_ID}`;
const REQUEST_ID = /^request-id-test-[0-9a-f-]{36}$/;
const [acme] = organizations;

async function expectError(response: Response, status: number, type: string): Promise<void> {
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({
    error_message: expect.stringMatching(/.{10,}/),
    error_type: type,
    error_url: `https://stytch.com/docs/b2b/api/errors/${status}#${type}`,
    request_id: expect.stringMatching(REQUEST_ID),
    status_code: status,
  });
}

function hasSortedKeys(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(hasSortedKeys);
  if (typeof value !== "object" || value === null) return true;
  const names = Object.keys(value);
  return (
    names.every((name, index) => index === 0 || String(names[index - 1]) < name) &&
    Object.values(value).every(hasSortedKeys)
  );
}

beforeEach(reset);

describe("GET organization", () => {
  test.each([demo.organization_id, demo.organization_slug, demo.organization_external_id])(
    "an organization is found by %s",
    async (key) => {
      const response = await getOrganization(key);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({
        organization: acme,
        request_id: expect.stringMatching(REQUEST_ID),
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
      member: members[0],
      member_id: demo.member_id,
      organization: acme,
      request_id: expect.stringMatching(REQUEST_ID),
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
    const response = await send(JWKS);
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
    await expectError(await send(`${JWKS}0`), 404, "project_not_found");
  });
});

describe("credentials", () => {
  test.each([
    ["a wrong secret", basic(env.STYTCH_PROJECT_ID, "wrong")],
    ["an empty secret", basic(env.STYTCH_PROJECT_ID, "")],
    ["a bearer token", `Bearer ${env.STYTCH_SECRET}`],
    ["Basic without a colon", `Basic ${btoa("nothing")}`],
    ["Basic that is not base64", "Basic ***"],
  ])("%s as credentials is rejected with 401", async (_, authorization) => {
    await expectError(await send(ACME_PATH, { headers: { authorization } }), 401, "unauthorized_credentials");
  });

  test("a call without credentials is rejected with 401", async () => {
    await expectError(await send(ACME_PATH), 401, "unauthorized_credentials");
    const path = `/v1/b2b/organizations/members/dangerously_get/${demo.member_id}`;
    await expectError(await send(path), 401, "unauthorized_credentials");
  });

  test.each([
    ["a wrong", "wrong"],
    ["the right", env.STYTCH_SECRET],
  ])("another project with %s secret is rejected with 400", async (_, secret) => {
    const authorization = basic("project-test-0", secret);
    const response = await send(ACME_PATH, { headers: { authorization } });
    await expectError(response, 400, "invalid_project_id_authentication");
  });

  test("an unknown organization without credentials is a 401, not a 404", async () => {
    await expectError(await send("/v1/b2b/organizations/nobody"), 401, "unauthorized_credentials");
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

describe("response format", () => {
  test("a defect of the sandbox is a 500 in Stytch's error format", async () => {
    vi.spyOn(Store.prototype, "findOrganization").mockImplementation(() => {
      throw new Error("a defect");
    });
    const response = await getOrganization("acme");
    vi.restoreAllMocks();
    await expectError(response, 500, "internal_server_error");
  });

  test("bodies are minified, with their keys in alphabetical order at every depth", async () => {
    const responses = [
      await getOrganization("acme"),
      await getMember(demo.member_id),
      await getOrganization("nobody"),
    ];
    for (const response of [...responses, await send(JWKS)]) {
      const text = await response.text();
      expect(text).toBe(JSON.stringify(JSON.parse(text)));
      expect(hasSortedKeys(JSON.parse(text))).toBe(true);
    }
  });

  test("every call gets a new request ID", async () => {
    const first = await (await getOrganization("acme")).json<{ request_id: string }>();
    const second = await (await getOrganization("acme")).json<{ request_id: string }>();
    expect(first.request_id).toMatch(REQUEST_ID);
    expect(second.request_id).not.toBe(first.request_id);
  });

  test("successes, errors and faults carry headers that a proxy must not pass on", async () => {
    await sendControl("POST", "faults", { kind: "redirect", match: "redirected" });
    const paths = [
      ACME_PATH,
      "/v1/b2b/organizations/nobody",
      JWKS,
      "/unknown",
      "/v1/b2b/organizations/redirected",
    ];
    for (const path of paths) {
      const { headers } = await get(path);
      expect(headers.get("x-upstream")).toBe("sandbox");
      expect(headers.get("server")).toBe("stytch-sandbox");
      expect(headers.get("set-cookie")).toContain("stytch_sandbox=1");
      expect(headers.get("x-stytch-trace")).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});
