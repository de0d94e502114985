import { describe, test } from "vitest";
import { demo } from "../../sandbox/seed.ts";
import { ACME_PATH, basic, credentials, expectError, memberPath, send, useSandbox } from "./harness.ts";

useSandbox();

describe("credentials", () => {
  test.each([
    ["a wrong secret", basic(credentials.STYTCH_PROJECT_ID, "wrong")],
    ["an empty secret", basic(credentials.STYTCH_PROJECT_ID, "")],
    ["a bearer token", `Bearer ${credentials.STYTCH_SECRET}`],
    ["Basic without a colon", `Basic ${btoa("nothing")}`],
    ["Basic that is not base64", "Basic ***"],
  ])("%s as credentials is rejected with 401", async (_, authorization) => {
    await expectError(await send(ACME_PATH, { headers: { authorization } }), 401, "unauthorized_credentials");
  });

  test("a call without credentials is rejected with 401", async () => {
    await expectError(await send(ACME_PATH), 401, "unauthorized_credentials");
    const path = memberPath(demo.member_id);
    await expectError(await send(path), 401, "unauthorized_credentials");
  });

  test.each([
    ["a wrong", "wrong"],
    ["the right", credentials.STYTCH_SECRET],
  ])("another project with %s secret is rejected with 400", async (_, secret) => {
    const authorization = basic("project-test-0", secret);
    const response = await send(ACME_PATH, { headers: { authorization } });
    await expectError(response, 400, "invalid_project_id_authentication");
  });

  test("an unknown organization without credentials is a 401, not a 404", async () => {
    await expectError(await send("/v1/b2b/organizations/nobody"), 401, "unauthorized_credentials");
  });
});
