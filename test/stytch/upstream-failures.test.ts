/** Each way in which Stytch can fail, and the error that the caller gets. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import type { TestIsolate } from "../support/deployment.ts";
import { declareSecret, logLines } from "../support/egress.ts";
import { setUpOrganization } from "../support/setup.ts";
import { json, stytchError, type Upstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";

let isolate: TestIsolate;
let key: string;
let upstream: Upstream;
let org: Json;
let path: string;

beforeEach(async () => {
  ({ isolate, key, upstream, organization: org, path } = await setUpOrganization());
});
afterEach(() => vi.restoreAllMocks());

const bytes = (...values: number[]) => new Response(new Uint8Array(values), { status: 200 });
const stream = (pull: (controller: ReadableStreamDefaultController) => void | Promise<void>) =>
  new Response(new ReadableStream({ pull }), { status: 200 });
const chunk = new TextEncoder().encode(" ".repeat(65_536));

const INVALID: [string, () => Response][] = [
  ["HTML with 200", () => new Response("<html>", { status: 200, headers: { "content-type": "text/html" } })],
  ["an empty body", () => new Response("", { status: 200 })],
  ["status 204", () => new Response(null, { status: 204 })],
  ["an empty list", () => json([])],
  ["the value null", () => json("null")],
  ["half a body", () => json(JSON.stringify(organizationEnvelope(org)).slice(0, 200))],
  ["invalid UTF-8", () => bytes(0x7b, 0x22, 0xff, 0x22, 0x7d)],
  ["JSON of 20,000 levels", () => json(`{"organization":${"[".repeat(20_000)}${"]".repeat(20_000)}}`)],
  [
    "a body of 3 MiB",
    () => json(organizationEnvelope({ ...org, trusted_metadata: { a: "x".repeat(3 * 1024 * 1024) } })),
  ],
  ["an endless body", () => stream((controller) => controller.enqueue(chunk))],
  ["an envelope without an organization", () => json({ request_id: "request-id-test-1", status_code: 200 })],
  ["another organization", () => json(organizationEnvelope(organization()))],
  ["a name that is a number", () => json(organizationEnvelope({ ...org, organization_name: 7 }))],
  [
    "an organization without a slug",
    () => json(organizationEnvelope({ ...org, organization_slug: undefined })),
  ],
];

test.each(INVALID)("%s is 502 upstream_invalid_response, and is not stored", async (_, answer) => {
  upstream.answer(answer);
  const refused = await isolate.call(path, { key });
  expect(await refused.json()).toMatchObject({ status_code: 502, error_type: "upstream_invalid_response" });
  upstream.answer(() => json(organizationEnvelope(org)));
  const next = await isolate.call(path, { key });
  expect(next.headers.get("Cache-Status")).toBe("postern; fwd=miss; fwd-status=200; stored");
});

test.each([
  ["status 401", () => stytchError(401, "unauthorized_credentials")],
  ["status 403", () => stytchError(403, "organization_suspended")],
  ["a 400 about the project", () => stytchError(400, "invalid_project_id_authentication")],
  ["a 400 about the vertical", () => stytchError(400, "invalid_b2b_endpoint")],
  ["a 400 about the secret", () => stytchError(400, "invalid_secret_authentication")],
  ["a 400 without a readable error", () => json("no", 400)],
  ["a 400 about the billing", () => stytchError(400, "billing_not_verified")],
  ["a 404 about the route", () => stytchError(404, "route_not_found")],
  ["a 404 about the project", () => stytchError(404, "project_not_found")],
  ["a 404 of a load balancer", () => new Response("<html>", { status: 404 })],
  ["an empty 404", () => new Response(null, { status: 404 })],
  ["a 404 without a type", () => json({ message: "no Route matched" }, 404)],
  ["status 304", () => new Response(null, { status: 304 })],
  ["status 408", () => stytchError(408, "request_timeout")],
  ["a redirect", () => new Response(null, { status: 302, headers: { location: "https://elsewhere.test/" } })],
  ["status 409", () => stytchError(409, "conflict")],
  ["status 418", () => new Response("teapot", { status: 418 })],
])("%s is 502 upstream_rejected, and causes no further request", async (_, answer) => {
  upstream.answer(answer);
  const refused = await isolate.call(path, { key });
  expect(await refused.json()).toMatchObject({ status_code: 502, error_type: "upstream_rejected" });
  expect(upstream.requests).toHaveLength(1);
});

test.each([500, 502, 503, 504, 599])("status %i is 503 upstream_unavailable", async (status) => {
  upstream.answer(() => stytchError(status, "internal_server_error"));
  const refused = await isolate.call(path, { key });
  expect(await refused.json()).toMatchObject({ status_code: 503, error_type: "upstream_unavailable" });
});

test("a failed connection is 503 upstream_unavailable, and its reason is not shown", async () => {
  upstream.answer(() => {
    throw new TypeError("connect ECONNREFUSED canary-host");
  });
  const refused = await isolate.call(path, { key });
  const text = await refused.text();
  expect(JSON.parse(text)).toMatchObject({ status_code: 503, error_type: "upstream_unavailable" });
  expect(text + JSON.stringify(logLines())).not.toContain("canary-host");
});

test("a 429 of Stytch is 503 with its Retry-After", async () => {
  upstream.answer(() => json({}, 429, { "retry-after": "17" }));
  const refused = await isolate.call(path, { key });
  expect(await refused.json()).toMatchObject({ status_code: 503, error_type: "upstream_rate_limited" });
  expect(refused.headers.get("Retry-After")).toBe("17");
});

test.each([
  ["hangs before its headers", () => new Promise<Response>(() => {})],
  [
    "drips its body",
    () =>
      stream(async (controller) => {
        await scheduler.wait(50);
        controller.enqueue(new Uint8Array([0x20]));
      }),
  ],
])("an upstream that %s is 504 upstream_timeout after the deadline", async (_, answer) => {
  upstream.answer(async ({ signal }) => {
    const aborted = new Promise<never>((__, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
    const response = await Promise.race([Promise.resolve(answer()), aborted]);
    const { body } = response;
    if (body === null || signal === null) return response;
    return new Response(body.pipeThrough(new TransformStream(), { signal }), response);
  });
  const startedAt = performance.now();
  const refused = await isolate.call(path, { key });
  expect(await refused.json()).toMatchObject({ status_code: 504, error_type: "upstream_timeout" });
  expect(performance.now() - startedAt).toBeLessThan(Number(TEST_VARS.UPSTREAM_TIMEOUT_MS) + 500);
});

test("a 400 about the identifier keeps Stytch's type, rebuilt from known fields", async () => {
  const canary = "canary-of-an-unknown-field";
  upstream.answer(() =>
    json(
      {
        status_code: 400,
        request_id: "request-id-test-of-the-upstream",
        error_type: "invalid_organization_slug",
        error_message: "At least 2 characters.",
        error_url: "https://stytch.com/docs/b2b/api/errors/400#invalid_organization_slug",
        error: canary,
        error_details: { canary },
      },
      400,
    ),
  );
  const refused = await isolate.call(path, { key });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toEqual({
    status_code: 400,
    request_id: refused.headers.get("X-Request-Id"),
    error_type: "invalid_organization_slug",
    error_message: "At least 2 characters.",
    error_url: "https://stytch.com/docs/b2b/api/errors/400#invalid_organization_slug",
  });
});

test("an upstream that echoes the request's credentials does not leak them", async () => {
  declareSecret(TEST_VARS.STYTCH_SECRET);
  upstream.answer(({ headers }) =>
    stytchError(
      400,
      "bad_request",
      `You sent ${headers["authorization"]}, that is ${TEST_VARS.STYTCH_SECRET}.`,
    ),
  );
  const refused = await isolate.call(path, { key });
  expect(await refused.json()).toMatchObject({
    error_type: "bad_request",
    error_message: "You sent Basic [removed], that is [removed].",
  });
});

test("the log has the error type and request ID of a refusal by Stytch", async () => {
  upstream.answer(() => stytchError(401, "unauthorized_credentials"));
  await isolate.call(path, { key });
  expect(logLines().at(-1)).toMatchObject({
    status: 502,
    error_type: "upstream_rejected",
    upstream: { status: 401, request_id: expect.stringMatching(/^request-id-test-/), attempts: 1 },
    upstream_detail: "unauthorized_credentials",
  });
});
