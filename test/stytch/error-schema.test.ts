import { expect, test } from "vitest";
import { isAboutObject, isAboutRequest, StytchError } from "../../src/stytch/schemas/error-schema.ts";

const ERROR = {
  status_code: 400,
  request_id: "request-id-test-1",
  error_type: "invalid_organization_id",
  error_message: "No.",
  error_url: "https://stytch.com/docs/api/errors/400#x",
};

test.each([
  "invalid_organization_id",
  "invalid_organization_slug",
  "invalid_organization_external_id",
  "invalid_member_id",
  "invalid_member_get_fields",
  "invalid_connected_app_type",
  "invalid_email",
  "invalid_email_id",
  "invalid_id",
  "bad_request",
  "query_params_do_not_match",
  "test_id_used_in_live_environment",
  "live_id_used_in_test_environment",
])("a 400 of type %s is about what was asked for", (errorType) => {
  expect(isAboutRequest(errorType)).toBe(true);
});

test.each([
  "invalid_project_id_authentication",
  "invalid_project_id",
  "invalid_b2b_endpoint",
  "invalid_secret_authentication",
  "invalid_authorization_header",
  "invalid_user_agent",
  "unauthorized_credentials",
  "secret_not_found",
  "billing_not_verified",
  "billing_not_verified_for_email",
  "enterprise_endpoint",
  "deprecated_endpoint",
  "unavailable_endpoint",
  "use_https",
  "bad_vertical_for_stytch_sdk",
  "wrong_stack_live",
  "weak_password",
  "organization_slug_already_used",
  "captcha_required",
  "type_of_tomorrow",
  "invalid_organization",
  "an_invalid_organization_id",
  "invalid_identity",
  "bad_request_signature",
])("a 400 of type %s is a refusal of Postern itself", (errorType) => {
  expect(isAboutRequest(errorType)).toBe(false);
});

const isMissing = (fields: object, operation = "organization") =>
  isAboutObject({ ...ERROR, status_code: 404, ...fields }, operation);

test.each([
  ["organization", "organization_not_found"],
  ["organization", "organization_does_not_exist"],
  ["organization", "organization_slug_not_found"],
  ["organization", "b2b_organization_not_found"],
  ["organization", "invalid_organization_id"],
  ["organization", "invalid_organization_external_id"],
  ["organization", "invalid_id"],
  ["organization", "live_id_used_in_test_environment"],
  ["member", "member_not_found"],
  ["member", "member_does_not_exist_in_organization"],
  ["member", "organization_member_not_found"],
  ["member", "organization_not_found"],
  ["member", "invalid_member_id"],
  ["organization_member", "member_not_found"],
  ["connected_app", "connected_app_not_found"],
  ["connected_app", "invalid_connected_app_id"],
  ["connected_app", "organization_not_found"],
  ["organization_policy", "organization_not_found"],
  ["metrics", "organization_not_found"],
])("a 404 to a read of an %s with type %s says that there is none", (operation, error_type) => {
  expect(isMissing({ error_type }, operation)).toBe(true);
});

test.each([
  ["organization", "member_not_found"],
  ["organization", "member_does_not_exist_in_organization"],
  ["organization", "organization_member_not_found"],
  ["organization", "connected_app_not_found"],
  ["organization", "organization_policy_not_found"],
  ["organization", "invalid_member_id"],
  ["member", "connected_app_not_found"],
  ["member", "member_password_not_found"],
  ["member", "member_oauth_token_not_found"],
  ["connected_app", "member_not_found"],
  ["connected_app", "connected_app_supplied_redirect_url_not_found_in_client"],
  ["metrics", "member_not_found"],
  ["organization_policy", "rbac_policy_not_found"],
  ["organization_policy", "organization_policy_not_found"],
  ["project_policy", "rbac_policy_not_found"],
  ["project_policy", "organization_not_found"],
  ["project_policy", "invalid_id"],
])("a 404 to a read of an %s with type %s is about something else", (operation, error_type) => {
  expect(isMissing({ error_type }, operation)).toBe(false);
});

test.each([
  "not_found",
  "page_not_found",
  "unknown_path",
  "no_route",
  "resource_not_found",
  "object_of_tomorrow_not_found",
  "application_not_found",
  "app_not_found",
  "projects_not_found",
  "publictoken_not_found",
  "reorganization_not_found",
  "organization_suspended",
  "organization_slug_already_used",
  "organization_user_not_found",
  "member_reset_password",
  "invalid_organization_name",
  "invalid_email",
  "bad_request",
  "query_params_do_not_match",
  "route_not_found",
  "route_not_supported_in_test",
  "unavailable_endpoint",
  "invalid_b2b_endpoint",
  "method_not_allowed",
  "project_not_found",
  "project_has_no_public_tokens",
  "invalid_project_id_authentication",
  "environment_not_found",
  "secret_not_found",
  "public_token_not_found",
  "m2m_client_not_found",
  "billing_info_not_found",
  "unauthorized_credentials",
  "bad_vertical_for_stytch_sdk",
  "wrong_stack_test",
])("a 404 of type %s says nothing of any object", (error_type) => {
  for (const operation of [
    "organization",
    "member",
    "connected_app",
    "organization_policy",
    "project_policy",
  ])
    expect(isMissing({ error_type }, operation), operation).toBe(false);
});

test("a 404 whose body has another status says nothing of the object", () => {
  const error_type = "organization_not_found";
  expect([400, 403, 200].map((status_code) => isMissing({ error_type, status_code }))).toEqual([
    false,
    false,
    false,
  ]);
  expect([null, undefined].map((status_code) => isMissing({ error_type, status_code }))).toEqual([
    true,
    true,
  ]);
});

const isAccepted = (fields: object) => StytchError.safeParse({ ...ERROR, ...fields }).success;

test("an error body may have unknown fields, and needs only its type", () => {
  expect(isAccepted({ error_details: { a: 1 } })).toBe(true);
  expect(isAccepted({ status_code: null, request_id: null, error_message: null, error_url: null })).toBe(
    true,
  );
  const { error_type } = ERROR;
  expect(StytchError.safeParse({ error_type }).success).toBe(true);
});

test.each([
  ["a number as its message", { error_message: 1 }, "error_message"],
  ["a list as its message", { error_message: ["No."] }, "error_message"],
  ["a number as its URL", { error_url: 1 }, "error_url"],
  ["a URL of 501 characters", { error_url: "u".repeat(501) }, "error_url"],
] as const)("an error body with %s counts, without it", (_, fields, field) => {
  expect(StytchError.parse({ ...ERROR, ...fields })).toEqual({ ...ERROR, [field]: null });
});

test.each([
  ["an OAuth error", { error: "invalid_request", error_description: "No." }],
  ["no error type", { error_message: "No." }],
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
  ["a fraction as its status", { status_code: 400.5 }],
  ["a text as its status", { status_code: "404" }],
])("an error body with %s is refused", (_, fields) => {
  expect(isAccepted(fields)).toBe(false);
});

test("an error body with long texts is accepted as it is", () => {
  const long = {
    ...ERROR,
    error_type: "e".repeat(128),
    error_message: "m".repeat(100_000),
    error_url: "u".repeat(500),
  };
  expect(StytchError.parse(long)).toEqual(long);
});
