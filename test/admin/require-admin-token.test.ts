import { expect, test } from "vitest";
import { checkAdminToken } from "../../src/admin/require-admin-token.ts";
import { createIsolate } from "../support/deployment.ts";

const TOKEN = "an-admin-token-of-the-test-0123456789";
const invalid = (presented: boolean) => ({ type: "invalid_admin_token", presented });

test.each([
  ["as it is", `Bearer ${TOKEN}`],
  ["behind a scheme in any case", `bEARER ${TOKEN}`],
  ["with white space around it", `  Bearer   ${TOKEN} `],
])("the token %s opens the admin API", async (_, header) => {
  expect(await checkAdminToken(TOKEN, header)).toBeNull();
});

test.each([
  ["another token", "Bearer another-admin-token-0123456789abcd"],
  ["a token of the same length", `Bearer ${"x".repeat(TOKEN.length)}`],
  ["the beginning of the token", `Bearer ${TOKEN.slice(0, -1)}`],
  ["the token and more", `Bearer ${TOKEN}x`],
  ["the token twice", `Bearer ${TOKEN} ${TOKEN}`],
  ["the token in upper case", `Bearer ${TOKEN.toUpperCase()}`],
  ["the token as Basic credentials", `Basic ${btoa(`admin:${TOKEN}`)}`],
  ["the token without a scheme", TOKEN],
  ["a scheme without a token", "Bearer "],
  ["an empty header", ""],
])("%s does not", async (_, header) => {
  expect(await checkAdminToken(TOKEN, header)).toEqual(invalid(true));
});

test("no header does not, and is not called an invalid token", async () => {
  expect(await checkAdminToken(TOKEN, null)).toEqual(invalid(false));
});

test("without ADMIN_TOKEN there is no admin API, whatever is presented", async () => {
  const isolate = createIsolate({ ADMIN_TOKEN: "" });
  for (const header of ["", "Bearer ", "Bearer undefined", `Bearer ${TOKEN}`]) {
    for (const path of ["/admin", "/admin/keys", "/admin/unknown"]) {
      const answer = await isolate.call(path, { headers: { Authorization: header } });
      expect(await answer.json()).toMatchObject({ status_code: 404, error_type: "route_not_found" });
    }
  }
});
