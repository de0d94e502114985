/** The route table, whole: what is known, by which methods, and that nothing else is ever forwarded. */
import { evictAllDurableObjects } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Json } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { deferred, json, stubUpstream, type Upstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";

const ORGANIZATION = "/v1/b2b/organizations/acme";
const MEMBER = "/v1/b2b/organizations/members/dangerously_get/m";
const JWKS = `/v1/b2b/sessions/jwks/${TEST_VARS.STYTCH_PROJECT_ID}`;
const ADMIN = { Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN}` };

let isolate: TestIsolate;
let upstream: Upstream;

beforeEach(() => {
  isolate = createIsolate();
  upstream = stubUpstream();
});
afterEach(async () => {
  vi.restoreAllMocks();
  // A 404 is remembered, and the same names are asked for again.
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
])("%s answers another method with 405 and Allow: %s", async (path, allow) => {
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
    if (allow.includes(method)) continue;
    const answer = await isolate.call(path, { method, headers: ADMIN });
    expect(answer.status, method).toBe(405);
    expect(answer.headers.get("Allow")).toBe(allow);
    expect(await answer.json()).toMatchObject({ status_code: 405, error_type: "method_not_allowed" });
  }
  expect(upstream.requests).toHaveLength(0);
});

test.each(["/admin/keys/", "/admin/keys//usage", "/v1/b2b/sessions/jwks/"])(
  "%s: what a path leaves out stands for nothing",
  async (path) => {
    for (const method of ["GET", "DELETE", "POST"]) {
      const answer = await isolate.call(path, { method, headers: ADMIN });
      expect([answer.status, (await answer.json<Json>())["error_type"]]).toEqual([404, "route_not_found"]);
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
  "/v1/b2b/organizations/acme/member?member_id=m",
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
])("%s is no route, whoever asks", async (path) => {
  const { key } = await createKey(isolate, ["organizations:read", "members:dangerously_get"]);
  const answer = await isolate.call(path, { key });
  // One slug is as good as another: "search" is looked up, and not found.
  const type = path.endsWith("/search") ? "organization_not_found" : "route_not_found";
  expect(await answer.json()).toMatchObject({ status_code: 404, error_type: type });
  expect(upstream.requests).toHaveLength(path.endsWith("/search") ? 1 : 0);
});

test.each(["//v1/b2b/organizations/acme", "////v1/b2b/organizations/acme"])(
  "%s counts as one slash",
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
])("the identifier %s is decoded once, and encoded anew", async (given, sent) => {
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
])("the identifier %j is refused, and nothing is sent", async (given) => {
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

test("what goes upstream is Postern's own, and nothing of the caller's", async () => {
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
      "user-agent": expect.stringMatching(/^postern\/\d+\.\d+\.\d+$/),
      via: "1.1 postern",
    },
  ]);
});

test("every answer has a request ID of its own, which an error repeats", async () => {
  const ids = new Set<string | null>();
  for (const path of ["/", "/healthz", ORGANIZATION, "/admin/keys"]) {
    const answer = await isolate.call(path, { headers: { "X-Request-Id": "mine" } });
    const body = await answer.json<{ request_id?: string }>();
    ids.add(answer.headers.get("X-Request-Id"));
    if (path !== "/healthz") expect(body.request_id).toBe(answer.headers.get("X-Request-Id"));
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(answer.headers.get("Content-Type")).toBe("application/json");
    expect(Date.parse(String(answer.headers.get("Date")))).not.toBeNaN();
  }
  expect(ids.size).toBe(4);
  expect([...ids].every((id) => /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(String(id)))).toBe(true);
});

test("healthz needs no key", async () => {
  const answer = await isolate.call("/healthz");
  expect([answer.status, await answer.json()]).toEqual([200, { status: "ok" }]);
});

describe("JWKS", () => {
  const body =
    '{"keys":[{"kty":"RSA","kid":"jwk-test-1"}],"request_id":"request-id-test-1","status_code":200}';

  test("are public, asked for once in 15 minutes, and say how long they are good for", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
    upstream.answer(() => json(body));
    const first = await isolate.call(JWKS);
    expect(await first.text()).toBe(body);
    expect(first.headers.get("Cache-Control")).toBe("public, max-age=900");
    vi.setSystemTime(1_800_000_899_000);
    expect((await isolate.call(JWKS)).headers.get("Cache-Control")).toBe("public, max-age=1");
    expect(upstream.requests.map(({ url }) => url)).toEqual([`https://upstream.test${JWKS}`]);
    vi.setSystemTime(1_800_000_900_000);
    await isolate.call(JWKS);
    expect(upstream.requests).toHaveLength(2);
    vi.useRealTimers();
  });

  test("that 40 callers want at once are asked for once, across isolates", async () => {
    const answered = deferred<void>();
    upstream.answer(async () => {
      await answered.promise;
      return json(body);
    });
    const isolates = [isolate, createIsolate(), createIsolate()];
    const calls = Array.from({ length: 40 }, (_, i) => isolates[i % 3]?.call(JWKS));
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
    answered.resolve();
    expect((await Promise.all(calls)).map((answer) => answer?.status)).toEqual(Array(40).fill(200));
    expect(upstream.requests).toHaveLength(1);
  });

  test("are found by an encoded project ID, as the Rust SDK sends it", async () => {
    upstream.answer(() => json(body));
    expect((await isolate.call(JWKS.replaceAll("-", "%2D"))).status).toBe(200);
  });

  test("whose object fails are 503, and Stytch is not asked by every isolate", async () => {
    const read = () => Promise.reject(new Error("the object is gone"));
    const without = createIsolate({ PUBLIC_KEYS: { getByName: () => ({ read }) } });
    expect((await without.call(JWKS)).status).toBe(503);
    expect(upstream.requests).toHaveLength(0);
  });

  test("of another project are no route, and nothing is sent", async () => {
    for (const id of ["project-test-33333333-3333-4333-8333-333333333333", "%2e%2e", "x%2Fy"]) {
      const answer = await isolate.call(`/v1/b2b/sessions/jwks/${id}`);
      expect(await answer.json()).toMatchObject({ status_code: 404, error_type: "route_not_found" });
    }
    expect(upstream.requests).toHaveLength(0);
  });

  test("that fail are asked for once a second at most, and never kept", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
    upstream.answer(() => json({ keys: "none" }));
    for (const _ of [1, 2, 3]) expect((await isolate.call(JWKS)).status).toBe(502);
    expect(upstream.requests).toHaveLength(1);
    upstream.answer(() => json(body));
    vi.setSystemTime(1_800_000_001_000);
    expect((await isolate.call(JWKS)).status).toBe(200);
    vi.useRealTimers();
  });
});
