import { expect, test } from "vitest";
import { checkAdminToken } from "../../src/admin/operator.ts";
import { createIsolate } from "../support/deployment.ts";

const TOKEN = "an-admin-token-of-the-test-0123456789";
const invalid = (presented: boolean) => ({ type: "invalid_admin_token", presented });

test.each([
  ["alone", `Bearer ${TOKEN}`],
  ["after a scheme in any case", `bEARER ${TOKEN}`],
  ["with white space around it", `  Bearer   ${TOKEN} `],
])("the admin token %s is accepted", async (_, header) => {
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
])("%s is not the admin token", async (_, header) => {
  expect(await checkAdminToken(TOKEN, header)).toEqual(invalid(true));
});

test("a missing header is refused, and not as an invalid token", async () => {
  expect(await checkAdminToken(TOKEN, null)).toEqual(invalid(false));
});

test("without ADMIN_TOKEN every path of the admin API is 404 for any token", async () => {
  const isolate = createIsolate({ ADMIN_TOKEN: "" });
  for (const header of ["", "Bearer ", "Bearer undefined", `Bearer ${TOKEN}`]) {
    for (const path of ["/admin", "/admin/keys", "/admin/unknown"]) {
      const response = await isolate.call(path, { headers: { Authorization: header } });
      expect(await response.json()).toMatchObject({ status_code: 404, error_type: "route_not_found" });
    }
  }
});
