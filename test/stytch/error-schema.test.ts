import { describe, expect, test } from "vitest";
import { isAboutCredentials, StytchError } from "../../src/stytch/schemas/error-schema.ts";

const ERROR = {
  status_code: 400,
  request_id: "request-id-test-1",
  error_type: "invalid_organization_id",
  error_message: "No.",
  error_url: "https://stytch.com/docs/api/errors/400#x",
};

test.each([
  "invalid_project_id_authentication",
  "invalid_project_id",
  "invalid_b2b_endpoint",
  "invalid_secret_authentication",
  "invalid_authorization_header",
  "unauthorized_credentials",
  "unauthorized_project_id_live",
  "unauthorized_project_id_test",
  "unauthorized_action",
  "project_not_found",
  "bad_vertical_for_stytch_sdk",
])("%s is about Postern's own credentials", (errorType) => {
  expect(isAboutCredentials(errorType)).toBe(true);
});

test.each([
  "invalid_organization_id",
  "invalid_organization_slug",
  "invalid_organization_external_id",
  "invalid_id",
  "invalid_member_get_fields",
  "bad_request",
  "query_params_do_not_match",
  "test_id_used_in_live_environment",
  "live_id_used_in_test_environment",
  "weak_password",
])("%s is about what was asked", (errorType) => {
  expect(isAboutCredentials(errorType)).toBe(false);
});

describe("the body of an error", () => {
  const reads = (fields: object) => StytchError.safeParse({ ...ERROR, ...fields }).success;

  test("is read with fields that we do not know, and without those that we can do without", () => {
    expect(reads({ error_details: { a: 1 } })).toBe(true);
    expect(reads({ status_code: null, request_id: null, error_url: null })).toBe(true);
    const { error_type, error_message } = ERROR;
    expect(StytchError.safeParse({ error_type, error_message }).success).toBe(true);
  });

  test.each([
    ["an OAuth error", { error: "invalid_request", error_description: "No." }],
    ["no error type", { error_message: "No." }],
    ["no message", { error_type: "bad_request" }],
    ["a list", [ERROR]],
    ["null", null],
    ["a text", "Bad Request"],
  ])("is not %s", (_, body) => {
    expect(StytchError.safeParse(body).success).toBe(false);
  });

  test.each([
    ["an error type of another alphabet", { error_type: 'x", <script>' }],
    ["an error type in upper case", { error_type: "Bad_Request" }],
    ["an empty error type", { error_type: "" }],
    ["an error type of 129 characters", { error_type: "e".repeat(129) }],
    ["a message of 2,001 characters", { error_message: "m".repeat(2_001) }],
    ["a URL of 501 characters", { error_url: "u".repeat(501) }],
    ["a status that is no whole number", { status_code: 400.5 }],
    ["a request ID of another type", { request_id: 1 }],
  ])("is not read with %s", (_, fields) => {
    expect(reads(fields)).toBe(false);
  });

  test("is read to the last character of its bounds", () => {
    expect(
      reads({ error_type: "e".repeat(128), error_message: "m".repeat(2_000), error_url: "u".repeat(500) }),
    ).toBe(true);
  });
});
