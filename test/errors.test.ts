/** Failures on the wire: status, headers and body of each. */
import { describe, expect, test } from "vitest";
import { failureResponse } from "../src/error-response.ts";
import { errorTypeOf, type Failure } from "../src/errors.ts";

/** The origin of a deployment is that of the request; nothing else of the URL is repeated. */
const REQUEST = { url: "https://postern.example/v1/b2b/organizations/acme?cursor=1#x" };
const ORIGIN = "https://postern.example";
const REQUEST_ID = "3f0c7a52-0000-4000-8000-000000000000";
const BASIC = 'Basic realm="postern", charset="UTF-8"';
const INVALID = `Bearer realm="postern", error="invalid_token", ${BASIC}`;

interface Expected<T extends Failure["type"]> {
  readonly failure: Extract<Failure, { type: T }> | (Failure & { readonly type: T });
  readonly status: number;
  readonly headers?: Record<string, string>;
}

/** One failure of each type. A type without a line here does not compile. */
const FAILURES = {
  invalid_organization_id: { failure: { type: "invalid_organization_id" }, status: 400 },
  invalid_member_id: { failure: { type: "invalid_member_id" }, status: 400 },
  invalid_connected_app_id: { failure: { type: "invalid_connected_app_id" }, status: 400 },
  invalid_query_parameter: {
    failure: {
      type: "invalid_query_parameter",
      parameter: "include_deleted",
      rule: "must be true or false",
    },
    status: 400,
  },
  invalid_request: { failure: { type: "invalid_request", message: "name: must be a string" }, status: 400 },
  missing_key: {
    failure: { type: "missing_key" },
    status: 401,
    headers: { "www-authenticate": `Bearer realm="postern", ${BASIC}` },
  },
  invalid_key: { failure: { type: "invalid_key" }, status: 401, headers: { "www-authenticate": INVALID } },
  expired_key: { failure: { type: "expired_key" }, status: 401, headers: { "www-authenticate": INVALID } },
  revoked_key: { failure: { type: "revoked_key" }, status: 401, headers: { "www-authenticate": INVALID } },
  invalid_session: {
    failure: { type: "invalid_session" },
    status: 401,
    headers: { "www-authenticate": INVALID },
  },
  expired_session: {
    failure: { type: "expired_session" },
    status: 401,
    headers: { "www-authenticate": INVALID },
  },
  revoked_session: {
    failure: { type: "revoked_session" },
    status: 401,
    headers: { "www-authenticate": INVALID },
  },
  invalid_admin_token: {
    failure: { type: "invalid_admin_token", presented: true },
    status: 401,
    headers: { "www-authenticate": 'Bearer realm="postern", error="invalid_token"' },
  },
  invalid_metrics_token: {
    failure: { type: "invalid_metrics_token", presented: true },
    status: 401,
    headers: { "www-authenticate": 'Bearer realm="postern", error="invalid_token"' },
  },
  insufficient_scope: {
    failure: { type: "insufficient_scope", scope: "organizations:read" },
    status: 403,
    headers: {
      "www-authenticate": 'Bearer realm="postern", error="insufficient_scope", scope="organizations:read"',
    },
  },
  organization_not_found: { failure: { type: "organization_not_found" }, status: 404 },
  member_not_found: { failure: { type: "member_not_found" }, status: 404 },
  connected_app_not_found: { failure: { type: "connected_app_not_found" }, status: 404 },
  key_not_found: { failure: { type: "key_not_found" }, status: 404 },
  session_policy_not_found: { failure: { type: "session_policy_not_found" }, status: 404 },
  route_not_found: { failure: { type: "route_not_found" }, status: 404 },
  method_not_allowed: {
    failure: { type: "method_not_allowed", allow: "GET, HEAD" },
    status: 405,
    headers: { allow: "GET, HEAD" },
  },
  upstream_bad_request: {
    failure: {
      type: "upstream_bad_request",
      errorType: "invalid_organization_slug",
      errorMessage: "No.",
      errorUrl: "https://stytch.com/docs/b2b/api/errors/400#x",
    },
    status: 400,
  },
  too_many_requests: {
    failure: { type: "too_many_requests", limited: "key", retryAfterSeconds: 0 },
    status: 429,
    headers: { "retry-after": "1" },
  },
  cross_site_request: { failure: { type: "cross_site_request" }, status: 403 },
  handover_not_found: { failure: { type: "handover_not_found" }, status: 404 },
  identity_unavailable: {
    failure: { type: "identity_unavailable" },
    status: 503,
    headers: { "retry-after": "1" },
  },
  ip_not_allowed: { failure: { type: "ip_not_allowed", address: "203.0.113.9" }, status: 403 },
  upstream_invalid_response: { failure: { type: "upstream_invalid_response" }, status: 502 },
  upstream_rejected: { failure: { type: "upstream_rejected" }, status: 502 },
  upstream_rate_limited: {
    failure: { type: "upstream_rate_limited", retryAfterSeconds: 12 },
    status: 503,
    headers: { "retry-after": "12" },
  },
  upstream_unavailable: { failure: { type: "upstream_unavailable" }, status: 503 },
  upstream_timeout: { failure: { type: "upstream_timeout" }, status: 504 },
  key_service_unavailable: {
    failure: { type: "key_service_unavailable" },
    status: 503,
    headers: { "retry-after": "1" },
  },
  invalid_signature: {
    failure: { type: "invalid_signature" },
    status: 401,
    headers: { "www-authenticate": 'Svix realm="postern"' },
  },
  directory_unavailable: {
    failure: { type: "directory_unavailable" },
    status: 503,
    headers: { "retry-after": "1" },
  },
  purge_unavailable: {
    failure: { type: "purge_unavailable" },
    status: 503,
    headers: { "retry-after": "1" },
  },
  misconfigured: { failure: { type: "misconfigured" }, status: 500 },
  internal_error: { failure: { type: "internal_error" }, status: 500 },
} as const satisfies { [T in Failure["type"]]: Expected<T> };

const ROWS: ReadonlyArray<{ failure: Failure; status: number; headers?: Record<string, string> }> =
  Object.values(FAILURES);

describe.each(ROWS)("$failure.type", ({ failure, status, headers }) => {
  const response = () => failureResponse(failure, REQUEST, REQUEST_ID);
  const errorType = failure.type === "upstream_bad_request" ? "invalid_organization_slug" : failure.type;

  test(`${failure.type} is ${status}, with exactly the five fields of a Stytch error`, async () => {
    const sent = response();
    expect(sent.status).toBe(status);
    const body = await sent.json<Record<string, unknown>>();
    expect(body).toEqual({
      status_code: status,
      request_id: REQUEST_ID,
      error_type: errorType,
      error_message: expect.stringMatching(/./),
      error_url:
        failure.type === "upstream_bad_request" ? failure.errorUrl : `${ORIGIN}/docs/errors#${failure.type}`,
    });
    expect(errorTypeOf(failure)).toBe(errorType);
  });

  test(`${failure.type} tells to try again in the seconds of Retry-After, if it has one`, async () => {
    const sent = response();
    const { error_message: message } = await sent.json<{ error_message: string }>();
    const told = /Try again in (\d+) s\.$/.exec(message)?.[1] ?? null;
    expect(told).toBe(sent.headers.get("Retry-After"));
  });

  test(`${failure.type} has exactly its own headers`, () => {
    expect(Object.fromEntries(response().headers)).toEqual({
      "content-type": "application/json",
      ...headers,
    });
  });
});

test("a 400 of Stytch keeps its message and URL", async () => {
  const { failure } = FAILURES.upstream_bad_request;
  const body = await failureResponse(failure, REQUEST, REQUEST_ID).json();
  expect(body).toMatchObject({ error_message: failure.errorMessage, error_url: failure.errorUrl });
});

test("an invalid query parameter and a missing scope are named", async () => {
  expect(
    await failureResponse(FAILURES.invalid_query_parameter.failure, REQUEST, REQUEST_ID).text(),
  ).toContain("include_deleted");
  expect(await failureResponse(FAILURES.insufficient_scope.failure, REQUEST, REQUEST_ID).text()).toContain(
    "organizations:read",
  );
});

test.each([
  [0, "1"],
  [0.2, "1"],
  [1.2, "2"],
  [-5, "1"],
  [600, "600"],
])("Retry-After of %s seconds is sent as %s: rounded up, at least 1", async (seconds, expected) => {
  for (const type of ["upstream_rate_limited", "upstream_unavailable"] as const) {
    const response = failureResponse({ type, retryAfterSeconds: seconds }, REQUEST, REQUEST_ID);
    expect(response.headers.get("Retry-After")).toBe(expected);
    expect(await response.text()).toContain(`Try again in ${expected} s."`);
  }
});

test("Retry-After is absent if the upstream gave none", async () => {
  const failure = { type: "upstream_unavailable", retryAfterSeconds: undefined } as const;
  const response = failureResponse(failure, REQUEST, REQUEST_ID);
  expect(response.headers.has("Retry-After")).toBe(false);
  expect(await response.text()).toContain('Try again later."');
});

test("a missing admin token is not called invalid in the challenge", () => {
  const { headers } = failureResponse({ type: "invalid_admin_token", presented: false }, REQUEST, REQUEST_ID);
  expect(headers.get("WWW-Authenticate")).toBe('Bearer realm="postern"');
});

test("the status of a health check replaces that of the failure, in the body too", async () => {
  const response = failureResponse({ type: "misconfigured" }, REQUEST, REQUEST_ID, 503);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ status_code: 503, error_type: "misconfigured" });
});

test("a message with quotes and line breaks is escaped in the JSON body", async () => {
  const message = 'name: must be "x"\r\nSet-Cookie: a=b';
  const response = failureResponse({ type: "invalid_request", message }, REQUEST, REQUEST_ID);
  expect(await response.json()).toMatchObject({ error_message: message });
});
