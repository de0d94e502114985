/** The request ID that Stytch gives an answer, for the log. */
import { expect, test } from "vitest";
import { parseResponse } from "../../src/stytch/parse-response.ts";
import { OrganizationEnvelope } from "../../src/stytch/schemas/organization-schema.ts";
import { organization, organizationEnvelope } from "../support/bodies.ts";
import { encode, error, NOW, read, SECRET } from "../support/parsed-response.ts";

test("the request ID of Stytch is read from answers and from errors", () => {
  const body = organizationEnvelope(organization(), { request_id: "request-id-test-2" });
  expect(read(200, body).requestId).toBe("request-id-test-2");
  expect(read(500, error("any")).requestId).toBe("request-id-test-1");
  expect(read(500, error("any", { request_id: "r".repeat(100) })).requestId).toBe("r".repeat(100));
});

test.each(["", "a b", "ada@acme.example", "r".repeat(101), 1, null, { a: 1 }, ["request-id-test-1"]])(
  "a request ID that is %j is not fit for the log, and read as null",
  (request_id) => {
    expect(read(500, error("any", { request_id })).requestId).toBeNull();
  },
);

test("a request ID or an error type that holds a secret does not come through", () => {
  const echoing = error("invalid_secret-of-postern", { request_id: SECRET });
  const raw = { status: 400, retryAfter: null, bytes: encode(echoing) };
  const read = parseResponse(
    raw,
    "organization",
    OrganizationEnvelope,
    (text) => text.replaceAll(SECRET, "[removed]"),
    NOW,
  );
  expect(read.requestId).toBeNull();
  expect(JSON.stringify(read)).not.toContain(SECRET);
});

test("the request ID is null if the body is not an object", () => {
  for (const body of ["", "null", "[]", "1", '"text"']) expect(read(500, body).requestId).toBeNull();
});
