import { expect, test } from "vitest";
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
])("%s is about the request, not about Postern's credentials", (errorType) => {
  expect(isAboutCredentials(errorType)).toBe(false);
});

const isAccepted = (fields: object) => StytchError.safeParse({ ...ERROR, ...fields }).success;

test("an error body may have unknown fields, and needs only its type and message", () => {
  expect(isAccepted({ error_details: { a: 1 } })).toBe(true);
  expect(isAccepted({ status_code: null, request_id: null, error_url: null })).toBe(true);
  const { error_type, error_message } = ERROR;
  expect(StytchError.safeParse({ error_type, error_message }).success).toBe(true);
});

test.each([
  ["an OAuth error", { error: "invalid_request", error_description: "No." }],
  ["no error type", { error_message: "No." }],
  ["no message", { error_type: "bad_request" }],
  ["a list of an error", [ERROR]],
  ["null", null],
  ["a text", "Bad Request"],
])("%s is not accepted as an error body", (_, body) => {
  expect(StytchError.safeParse(body).success).toBe(false);
});

test.each([
  ["an error type with markup", { error_type: 'x", <script>' }],
  ["an error type in upper case", { error_type: "Bad_Request" }],
  ["an empty error type", { error_type: "" }],
  ["an error type of 129 characters", { error_type: "e".repeat(129) }],
  ["a message of 2,001 characters", { error_message: "m".repeat(2_001) }],
  ["a URL of 501 characters", { error_url: "u".repeat(501) }],
  ["a fraction as its status", { status_code: 400.5 }],
  ["a number as its request ID", { request_id: 1 }],
])("an error body with %s is refused", (_, fields) => {
  expect(isAccepted(fields)).toBe(false);
});

test("an error body whose texts have their maximum lengths is accepted", () => {
  expect(
    isAccepted({ error_type: "e".repeat(128), error_message: "m".repeat(2_000), error_url: "u".repeat(500) }),
  ).toBe(true);
});
