import { expect, test, vi } from "vitest";
import { parseResponse } from "../../src/stytch/parse-response.ts";
import { OrganizationEnvelope } from "../../src/stytch/schemas/organization-schema.ts";
import { organization, organizationEnvelope } from "../support/bodies.ts";
import { encode, error, NOW, read, redact, SECRET } from "../support/parsed-response.ts";

/** Why a response is refused, and what the log says of it. */
function outcome(...response: Parameters<typeof read>) {
  const { result, detail } = read(...response);
  return { failure: result.ok ? undefined : result.failure, detail };
}

const INVALID = { type: "upstream_invalid_response" };
const REJECTED = { type: "upstream_rejected" };

test("a 200 whose body passes the schema gives its bytes as they are, and its JSON", () => {
  const bytes = encode(` ${JSON.stringify(organizationEnvelope(organization()), null, 1)}\n`);
  const raw = { status: 200, retryAfter: null, bytes };
  const { result } = parseResponse(raw, "organization", OrganizationEnvelope, redact, NOW);
  if (!result.ok) throw new Error("refused");
  expect(result.value.bytes).toBe(bytes);
  expect(result.value.json).toEqual(JSON.parse(new TextDecoder().decode(bytes)));
});

test("a 200 whose body is too large or does not decompress is invalid", () => {
  const raw = { status: 200, retryAfter: null, bytes: undefined };
  expect(parseResponse(raw, "organization", OrganizationEnvelope, redact, NOW)).toEqual({
    result: { ok: false, failure: INVALID },
    detail: "too large, or does not decompress",
    requestId: null,
  });
});

test.each([
  ["HTML", "<html></html>"],
  ["an empty body", ""],
  ["half a body", JSON.stringify(organizationEnvelope(organization())).slice(0, -1)],
  ["a byte order mark", `\uFEFF${JSON.stringify(organizationEnvelope(organization()))}`],
  ["invalid UTF-8", new Uint8Array([...encode('{"a":"'), 0xff, ...encode('"}')])],
  ["201 levels", `${"[".repeat(201)}${"]".repeat(201)}`],
])("a 200 with %s is not JSON, and so invalid", (_, body) => {
  expect(outcome(200, body)).toEqual({ failure: INVALID, detail: "not JSON, or nested too deep" });
});

test.each([
  ["a list", []],
  ["a list of a body", [organizationEnvelope(organization())]],
  ["null", "null"],
  ["a number", 1],
  ["a text", '"text"'],
  ["an empty object", {}],
  ["an error", error("bad_request")],
  ["an organization without its envelope", organization()],
  ["no organization", organizationEnvelope({})],
])("a 200 with %s is against the schema, and so invalid", (_, body) => {
  expect(outcome(200, body)).toMatchObject({ failure: INVALID, detail: expect.stringMatching(/./) });
});

test("a body against the schema is logged by field paths, never by values", () => {
  const of = organization({ organization_name: 42, mfa_policy: { ada: "ada@acme.example" } });
  expect(outcome(200, organizationEnvelope(of))).toEqual({
    failure: INVALID,
    detail: "organization.organization_name, organization.mfa_policy",
  });
});

test("a body against the schema in 1,000 places is logged in at most 300 characters", () => {
  const of = organization({ email_allowed_domains: Array.from({ length: 1_000 }, () => 1) });
  const { failure, detail } = outcome(200, organizationEnvelope(of));
  expect(failure).toEqual(INVALID);
  expect(detail?.length).toBeLessThanOrEqual(300);
});

test.each([
  [404, "an error about the object", error("organization_not_found", { status_code: 404 }), "not_found"],
  [404, "an error about a member", error("member_not_found", { status_code: 404 }), REJECTED],
  [404, "an error of an unknown type", error("whatever", { status_code: 404 }), REJECTED],
  [404, "an error about the route", error("route_not_found", { status_code: 404 }), REJECTED],
  [404, "an error about the project", error("project_not_found", { status_code: 404 }), REJECTED],
  [404, "an error of another status", error("organization_not_found"), REJECTED],
  [404, "HTML", "<html>", REJECTED],
  [404, "nothing", "", REJECTED],
  [404, "JSON without a type", { message: "no Route matched with those values" }, REJECTED],
  [404, "an organization", organizationEnvelope(organization()), REJECTED],
  [429, "any body", error("too_many_requests"), { type: "upstream_rate_limited", retryAfterSeconds: 2 }],
  [500, "an error", error("internal_server_error"), { type: "upstream_unavailable" }],
  [502, "HTML", "<html>", { type: "upstream_unavailable" }],
  [503, "an organization", organizationEnvelope(organization()), { type: "upstream_unavailable" }],
  [201, "an organization", organizationEnvelope(organization()), INVALID],
  [204, "nothing", "", INVALID],
  [301, "nothing", "", REJECTED],
  [302, "an organization", organizationEnvelope(organization()), REJECTED],
  [304, "nothing", "", REJECTED],
  [401, "an error", error("unauthorized_credentials"), REJECTED],
  [401, "an error about the request", error("invalid_organization_id"), REJECTED],
  [403, "an error", error("organization_suspended"), REJECTED],
  [405, "HTML", "<html>", REJECTED],
  [418, "an error", error("teapot"), REJECTED],
  [400, "an error about the project", error("invalid_project_id_authentication"), REJECTED],
  [400, "an error about the endpoint", error("invalid_b2b_endpoint"), REJECTED],
  [400, "an error about the secret", error("invalid_secret_authentication"), REJECTED],
  [400, "an error of an unknown type", error("type_of_tomorrow"), REJECTED],
  [400, "HTML", "<html>", REJECTED],
  [400, "nothing", "", REJECTED],
  [400, "an OAuth error", { error: "invalid_request", error_description: "No." }, REJECTED],
  [408, "an error", error("request_timeout"), REJECTED],
  [425, "nothing", "", REJECTED],
  [499, "an error", error("client_closed_request"), REJECTED],
])("a response with status %i and %s gives the right failure", (status, _, body, failure) => {
  expect(outcome(status, body).failure).toEqual(failure);
});

test.each([
  ["12", 12],
  ["Wed, 21 Oct 2026 07:28:30 GMT", 30],
  ["0", 0],
  ["Wed, 21 Oct 2015 07:28:30 GMT", 0],
  ["later", 2],
  ["-1", 2],
])("a 429 with Retry-After %s is passed on with %s seconds", (header, retryAfterSeconds) => {
  expect(outcome(429, "", header).failure).toEqual({
    type: "upstream_rate_limited",
    retryAfterSeconds,
  });
});

const badRequest = (fields: object = {}) => outcome(400, error("invalid_organization_id", fields)).failure;

test("a 400 about the identifier is rebuilt from three known fields", () => {
  expect(badRequest({ error_details: { ada: 1 }, status_code: 401, error: "oauth" })).toEqual({
    type: "upstream_bad_request",
    errorType: "invalid_organization_id",
    errorMessage: "No.",
    errorUrl: "https://stytch.com/docs/api/errors/400#x",
  });
});

test("a 400 about the identifier loses Postern's secrets, in every text", () => {
  const failure = badRequest({
    error_message: `${SECRET} is not ${SECRET}`,
    error_url: `https://stytch.com/docs?${SECRET}`,
  });
  expect(JSON.stringify(failure)).not.toContain(SECRET);
  expect(failure).toMatchObject({ errorMessage: "[removed] is not [removed]" });
});

test.each([
  ["no message", { error_message: undefined }],
  ["null as its message", { error_message: null }],
  ["a number as its message", { error_message: 1 }],
  ["a message of 100,000 characters", { error_message: "m".repeat(100_000) }],
  ["no other field", { status_code: null, request_id: null, error_message: null, error_url: null }],
  ["a number as its request ID", { request_id: 1 }],
])("a 404 with %s counts by its type alone", (_, fields) => {
  const of = (type: string) => outcome(404, error(type, { status_code: 404, ...fields })).failure;
  expect(of("organization_not_found")).toBe("not_found");
  expect(of("route_not_found")).toEqual(REJECTED);
});

test.each([undefined, null, "", 1, ["No."]])("a 400 whose message is %j has a neutral one", (message) => {
  expect(badRequest({ error_message: message })).toMatchObject({ errorMessage: "Stytch gave no reason." });
});

test("a long message of a 400 is cut after redaction, and never inside a character", () => {
  const messageOf = (error_message: string) => {
    const failure = badRequest({ error_message });
    return typeof failure === "object" && "errorMessage" in failure ? failure.errorMessage : undefined;
  };
  expect(messageOf("m".repeat(2_000))).toBe("m".repeat(2_000));
  expect(messageOf("m".repeat(2_001))).toBe("m".repeat(2_000));
  expect(messageOf(`${"m".repeat(1_999)}\u{1F600}`)).toBe("m".repeat(1_999));
  expect(messageOf(`${"m".repeat(1_990)}${SECRET}`)).toBe(`${"m".repeat(1_990)}[removed]`);
});

test.each([
  null,
  undefined,
  "http://stytch.com/",
  "https://stytch.com.evil.example/",
  "https://evil.example/",
  "javascript:1",
  `https://stytch.com/${"u".repeat(500)}`,
  1,
])("a 400 whose error_url is %s points to Stytch's documentation instead", (error_url) => {
  expect(badRequest({ error_url })).toMatchObject({
    errorUrl: "https://stytch.com/docs/b2b/api/errors/400#invalid_organization_id",
  });
});

test("a 400 is logged by its error type alone", () => {
  expect(outcome(400, error("invalid_organization_id")).detail).toBe("invalid_organization_id");
  expect(outcome(400, error("Not a type"))).toEqual({ failure: REJECTED, detail: "no readable error" });
});

test("a message of Stytch reaches the result in a 400 only, and only after redaction", () => {
  const redacting = vi.fn<(text: string) => string>(redact);
  for (const status of [200, 301, 401, 403, 404, 429, 500]) {
    const raw = { status, retryAfter: null, bytes: encode(error("any", { error_message: SECRET })) };
    expect(
      JSON.stringify(parseResponse(raw, "organization", OrganizationEnvelope, redacting, NOW)),
    ).not.toContain(SECRET);
  }
  expect(redacting.mock.calls.flat()).not.toContain(SECRET);
});

test.each([400, 404])("a %i whose body did not arrive is a refusal of Postern itself", (status) => {
  const raw = { status, retryAfter: null, bytes: undefined };
  expect(parseResponse(raw, "organization", OrganizationEnvelope, redact, NOW).result).toEqual({
    ok: false,
    failure: REJECTED,
  });
});
