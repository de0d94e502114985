/** Reads of an organization: body, headers, scopes and the 404. */
import { beforeEach, expect, test } from "vitest";
import { organizationEnvelope } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { organizationPath } from "../support/paths.ts";
import { type OrganizationSetUp, setUpOrganization } from "../support/setup.ts";
import { json, stytchError, type Upstream } from "../support/upstream.ts";

const clock = useClock();

let setUp: OrganizationSetUp;
let isolate: TestIsolate;
let upstream: Upstream;
let key: string;
let path: string;
/** The body of the response of Stytch, with a field that no SDK knows. */
let body: string;

beforeEach(async () => {
  setUp = await setUpOrganization({
    organization: { organization_external_id: `crm|${crypto.randomUUID()}` },
  });
  ({ isolate, upstream, key, path } = setUp);
  body = JSON.stringify(organizationEnvelope(setUp.organization, { not_in_any_sdk: { kept: true } }));
  upstream.answer(() => json(body));
});

test("a first read returns Stytch's body byte for byte, with Postern's headers", async () => {
  const response = await isolate.call(path, { key });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe(body);
  expect(Object.fromEntries(response.headers)).toEqual({
    age: "0",
    "cache-control": "private, no-cache",
    "cache-status": "postern; fwd=miss; fwd-status=200; stored",
    "content-type": "application/json",
    date: expect.stringMatching(/ GMT$/),
    etag: expect.stringMatching(/^W\/"[0-9a-f]{32}"$/),
    "server-timing": expect.stringMatching(/^key;dur=\d+, cache;dur=\d+, upstream;dur=\d+$/),
    vary: "Authorization",
    "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect(upstream.requests.map(({ url }) => url)).toEqual([`https://upstream.test${path}`]);
});

test.each(["organization_slug", "organization_external_id"])(
  "a read by %s caches the organization for reads by ID",
  async (field) => {
    const byAlias = organizationPath(String(setUp.organization[field]));
    expect(await (await isolate.call(byAlias, { key })).text()).toBe(body);
    // By ID and by the other identifier, in the same isolate and in another.
    for (const [reader, at] of [
      [isolate, path],
      [isolate, byAlias],
      [createIsolate(), byAlias],
      [createIsolate(), path],
    ] as const) {
      const response = await reader.call(at, { key });
      expect(response.headers.get("Cache-Status")).toMatch(/^postern; hit/);
      expect(await response.text()).toBe(body);
    }
    expect(upstream.requests).toHaveLength(1);
  },
);

test("Cache-Control, Pragma, X-Request-Id and a query of the caller have no effect", async () => {
  await isolate.call(path, { key });
  const response = await isolate.call(`${path}?organization_id=another&nonsense=1`, {
    key,
    headers: { "Cache-Control": "no-cache", Pragma: "no-cache", "X-Request-Id": "mine" },
  });
  expect(response.headers.get("Cache-Status")).toBe("postern; hit; ttl=60; detail=memory");
  expect(response.headers.get("X-Request-Id")).not.toBe("mine");
  expect(upstream.requests).toHaveLength(1);
});

test("each answer has a request ID of its own, which is that of its log line", async () => {
  await isolate.call(path, { key });
  const tag = { "If-None-Match": "*" };
  const answers = await Promise.all([
    isolate.call(path, { key }),
    isolate.call(path, { key, headers: tag }),
    isolate.call(path, { key, method: "HEAD" }),
    isolate.call(path, { key }),
  ]);
  // They are read when all have been answered.
  const ids = answers.map(({ headers }) => headers.get("X-Request-Id"));
  expect(new Set(ids).size).toBe(4);
  const logged = logLines().map((line) => line["request_id"]);
  expect(logged).toEqual(expect.arrayContaining(ids));
});

test("HEAD returns the headers of GET and no body", async () => {
  const head = await isolate.call(path, { key, method: "HEAD" });
  expect(head.status).toBe(200);
  expect(await head.text()).toBe("");
  expect(head.headers.get("Cache-Status")).toBe("postern; fwd=miss; fwd-status=200; stored");
  expect(head.headers.get("ETag")).toBe((await isolate.call(path, { key })).headers.get("ETag"));
});

test("a missing organization is 404 in Postern's own words, cached for 10 s", async () => {
  upstream.answer(() => stytchError(404, "invalid_organization_id", "Upstream words."));
  const missing = organizationPath(`organization-test-${crypto.randomUUID()}`);
  const response = await isolate.call(missing, { key });
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({
    status_code: 404,
    request_id: response.headers.get("X-Request-Id"),
    error_type: "organization_not_found",
    error_message: "Organization could not be found.",
    error_url: "https://postern.test/docs/errors#organization_not_found",
  });
  for (const name of ["Cache-Status", "Server-Timing", "Age", "ETag"])
    expect(response.headers.has(name)).toBe(false);
  expect(response.headers.get("Cache-Control")).toBe("no-store");

  clock.atMs(9_999);
  expect((await createIsolate().call(missing, { key })).status).toBe(404);
  expect(upstream.requests).toHaveLength(1);
  clock.atMs(10_000);
  expect((await isolate.call(missing, { key })).status).toBe(404);
  expect(upstream.requests).toHaveLength(2);
  expect(isolate.counts.kvWrites).toBe(0);
});

test("a key without the scope is told which scope it lacks, and nothing else", async () => {
  const { key: narrow } = await createKey(isolate, ["members:dangerously_get"]);
  await isolate.call(path, { key });
  const response = await isolate.call(path, { key: narrow });
  expect(response.status).toBe(403);
  expect(response.headers.get("WWW-Authenticate")).toBe(
    'Bearer realm="postern", error="insufficient_scope", scope="organizations:read"',
  );
  expect(await response.json()).toMatchObject({ error_type: "insufficient_scope" });
  expect(response.headers.has("ETag")).toBe(false);
});
