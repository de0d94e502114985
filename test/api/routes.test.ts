/** The whole route table: known paths and their methods, and that nothing else is forwarded to Stytch. */
import { evictAllDurableObjects } from "cloudflare:test";
import { afterEach, beforeEach, expect, test } from "vitest";
import { version } from "../../package.json";
import type { Json } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import { stubUpstream, type Upstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";

const ORGANIZATION = organizationPath("acme");
const MEMBER = memberPath("m");
const JWKS = `/v1/b2b/sessions/jwks/${TEST_VARS.STYTCH_PROJECT_ID}`;
const ADMIN = { Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN}` };

useClock();

let isolate: TestIsolate;
let upstream: Upstream;

beforeEach(() => {
  isolate = createIsolate();
  upstream = stubUpstream();
});
afterEach(async () => {
  // The tests read the same names, and a 404 is cached.
  await evictAllDurableObjects();
});

test.each([
  [ORGANIZATION, "GET, HEAD"],
  [MEMBER, "GET, HEAD"],
  [JWKS, "GET, HEAD"],
  ["/healthz", "GET, HEAD"],
  ["/admin/keys", "GET, HEAD, POST"],
  ["/admin/keys/0123456789abcdef", "GET, HEAD, PATCH, DELETE"],
  ["/admin/keys/0123456789abcdef/rotate", "POST"],
  ["/admin/keys/0123456789abcdef/usage", "GET, HEAD"],
  ["/admin/audit", "GET, HEAD"],
  ["/whoami", "GET, HEAD"],
  ["/whoami/usage", "GET, HEAD"],
])("%s answers other methods with 405 and Allow: %s", async (path, allow) => {
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
    if (allow.includes(method)) continue;
    const response = await isolate.call(path, { method, headers: ADMIN });
    expect(response.status, method).toBe(405);
    expect(response.headers.get("Allow")).toBe(allow);
    expect(await response.json()).toMatchObject({ status_code: 405, error_type: "method_not_allowed" });
  }
  expect(upstream.requests).toHaveLength(0);
});

test.each(["/admin/keys/", "/admin/keys//usage", "/v1/b2b/sessions/jwks/"])(
  "%s is no route, since a parameter may not be empty",
  async (path) => {
    for (const method of ["GET", "DELETE", "POST"]) {
      const response = await isolate.call(path, { method, headers: ADMIN });
      expect([response.status, (await response.json<Json>())["error_type"]]).toEqual([
        404,
        "route_not_found",
      ]);
    }
  },
);

test.each([
  "/",
  "/v1",
  "/v1/b2b/organizations",
  "/v1/b2b/organizations/search",
  "/v1/b2b/organizations/acme/",
  "/v1/b2b/organizations/acme/members",
  "/v1/b2b/organizations/acme/members/m",
  "/v1/b2b/organizations/acme/metrics/",
  "/v1/b2b/rbac",
  "/v1/b2b/rbac/policy/",
  "/v1/b2b/organizations/members/dangerously_get",
  "/v1/b2b/organizations/members/dangerously_get/m/x",
  "/v1/b2b/organizations/members/other/m",
  "/v1//b2b/organizations/acme",
  "/V1/b2b/organizations/acme",
  "/v1/b2b/sessions/jwks",
  "/v1/b2b/sessions/authenticate",
  "/v1/organizations/acme",
  "/sdk/v1/b2b/organizations/me",
  "/webhooks/stytch",
  "/healthz/",
  "/favicon.ico",
])("%s is no route, even for a key with scopes", async (path) => {
  const { key } = await createKey(isolate, ["organizations:read", "members:dangerously_get"]);
  const response = await isolate.call(path, { key });
  // "search" is read as a slug, which does not exist.
  const type = path.endsWith("/search") ? "organization_not_found" : "route_not_found";
  expect(await response.json()).toMatchObject({ status_code: 404, error_type: type });
  expect(upstream.requests).toHaveLength(path.endsWith("/search") ? 1 : 0);
});

test.each(["//v1/b2b/organizations/acme", "////v1/b2b/organizations/acme"])(
  "the leading slashes of %s count as one",
  async (path) => {
    const { key } = await createKey(isolate, ["organizations:read"]);
    await isolate.call(path, { key });
    expect(upstream.requests.map(({ url }) => url)).toEqual([
      "https://upstream.test/v1/b2b/organizations/acme",
    ]);
  },
);

test.each([
  ["a%7Cb", "a%7Cb"],
  ["a|b", "a%7Cb"],
  ["org%2Dtest%2D1", "org-test-1"],
  ["%E6%A0%AA", "%E6%A0%AA"],
  ["a%20b%26c=d;e,f@g:h", "a%20b%26c%3Dd%3Be%2Cf%40g%3Ah"],
  ["...", "..."],
  ["a".repeat(256), "a".repeat(256)],
  ["__proto__", "__proto__"],
])("the identifier %s is decoded once and encoded again", async (given, sent) => {
  const { key } = await createKey(isolate, ["organizations:read", "members:dangerously_get"]);
  await isolate.call(`/v1/b2b/organizations/${given}`, { key });
  await isolate.call(`/v1/b2b/organizations/members/dangerously_get/${given}`, { key });
  expect(upstream.requests.map(({ url }) => url)).toEqual([
    `https://upstream.test/v1/b2b/organizations/${sent}`,
    `https://upstream.test/v1/b2b/organizations/members/dangerously_get/${sent}`,
  ]);
});

test.each([
  "",
  "%2F",
  "a%2Fb",
  "a%5Cb",
  "a%3Fb",
  "a%23b",
  "a%25b",
  "%252e%252e",
  "%00",
  "a%0Ab",
  "%7F",
  "%C2%85",
  "%ff",
  "%c0%ae",
  "%",
  "%zz",
  "a".repeat(257),
])("the identifier %j is refused with 400, and not forwarded", async (given) => {
  const { key } = await createKey(isolate, ["organizations:read", "members:dangerously_get"]);
  const organization = await isolate.call(`/v1/b2b/organizations/${given}`, { key });
  expect(await organization.json()).toMatchObject({
    status_code: 400,
    error_type: "invalid_organization_id",
  });
  const member = await isolate.call(`/v1/b2b/organizations/members/dangerously_get/${given}`, { key });
  expect(await member.json()).toMatchObject({ status_code: 400, error_type: "invalid_member_id" });
  expect(upstream.requests).toHaveLength(0);
  expect(isolate.counts.kvReads).toBe(0);
});

test("upstream headers are Postern's own, and none is the caller's", async () => {
  const { key } = await createKey(isolate, ["organizations:read"]);
  await isolate.call(ORGANIZATION, {
    key,
    headers: {
      Cookie: "a=b",
      "X-Forwarded-For": "203.0.113.9",
      "User-Agent": "Stytch Node v14.2.0",
      "If-None-Match": "*",
    },
  });
  expect(upstream.requests.map(({ headers }) => headers)).toEqual([
    {
      accept: "application/json",
      authorization: `Basic ${btoa(`${TEST_VARS.STYTCH_PROJECT_ID}:${TEST_VARS.STYTCH_SECRET}`)}`,
      "user-agent": `postern/${version}`,
      via: "1.1 postern",
    },
  ]);
});

test("each response has its own request ID, which an error body repeats", async () => {
  const ids = new Set<string | null>();
  for (const path of ["/", "/healthz", ORGANIZATION, "/admin/keys"]) {
    const response = await isolate.call(path, { headers: { "X-Request-Id": "mine" } });
    const body = await response.json<{ request_id?: string }>();
    ids.add(response.headers.get("X-Request-Id"));
    if (path !== "/healthz") expect(body.request_id).toBe(response.headers.get("X-Request-Id"));
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(response.headers.get("Content-Type")).toBe("application/json");
    expect(Date.parse(String(response.headers.get("Date")))).not.toBeNaN();
  }
  expect(ids.size).toBe(4);
  expect([...ids].every((id) => /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(String(id)))).toBe(true);
});

test("GET /healthz needs no key", async () => {
  const response = await isolate.call("/healthz");
  expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
});

const ASK_STYTCH =
  "If it is a call of the Stytch API, make it to Stytch itself, with the project's own credentials.";

test.each([
  ["POST", "/v1/b2b/sessions/authenticate"],
  ["POST", "/v1/b2b/organizations"],
  ["POST", "/v1/b2b/organizations/acme/members/search"],
  ["DELETE", "/v1/b2b/organizations/acme/members/m"],
  ["GET", "/v1/users/u"],
  ["GET", "/v1"],
  ["POST", "//v1/b2b/otps/sms/send"],
  ["POST", "/sdk/v1/b2b/magic_links/authenticate"],
])("%s %s is 404, and says that the call is Stytch's", async (method, path) => {
  const response = await isolate.call(path, { method });
  expect(await response.json()).toMatchObject({
    status_code: 404,
    error_type: "route_not_found",
    error_message: `Postern does not serve this call. ${ASK_STYTCH}`,
  });
  expect(upstream.requests).toHaveLength(0);
});

test.each([
  ["POST", "/v1/b2b/organizations/search"],
  ["PUT", ORGANIZATION],
  ["DELETE", MEMBER],
  ["POST", JWKS],
])("%s %s is 405, and says that the call is Stytch's", async (method, path) => {
  const response = await isolate.call(path, { method });
  expect(response.headers.get("Allow")).toBe("GET, HEAD");
  expect(await response.json()).toMatchObject({
    status_code: 405,
    error_type: "method_not_allowed",
    error_message: `Postern does not serve this call: the path supports GET, HEAD. ${ASK_STYTCH}`,
  });
  expect(upstream.requests).toHaveLength(0);
});

test.each([
  ["GET", "/", "The route provided is not supported."],
  ["GET", "/v10/b2b", "The route provided is not supported."],
  ["GET", "/sdk", "The route provided is not supported."],
  ["GET", "/admin/v1/keys", "The route provided is not supported."],
  ["POST", "/whoami", "The route supports GET, HEAD."],
  ["PUT", "/admin/keys", "The route supports GET, HEAD, POST."],
])("%s %s does not speak of Stytch", async (method, path, message) => {
  const response = await isolate.call(path, { method, headers: ADMIN });
  expect(await response.json()).toMatchObject({ error_message: message });
});
