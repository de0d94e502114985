/** `GET /v1/b2b/sessions/jwks/{project_id}`. */
import { evictAllDurableObjects } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { objectsThat } from "../support/fakes.ts";
import { deferred, json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";

const JWKS = `/v1/b2b/sessions/jwks/${TEST_VARS.STYTCH_PROJECT_ID}`;

const clock = useClock();

let isolate: TestIsolate;
let upstream: Upstream;

beforeEach(() => {
  isolate = createIsolate();
  upstream = stubUpstream();
});
// All tests read the JWKS of one project, from one object.
afterEach(async () => await evictAllDurableObjects());

const BODY = '{"keys":[{"kty":"RSA","kid":"jwk-test-1"}],"request_id":"request-id-test-1","status_code":200}';

test("the JWKS are public, fetched once in 15 minutes, with the max-age that is left", async () => {
  upstream.answer(() => json(BODY));
  const first = await isolate.call(JWKS);
  expect(await first.text()).toBe(BODY);
  expect(first.headers.get("Cache-Control")).toBe("public, max-age=900");
  clock.at(899);
  expect((await isolate.call(JWKS)).headers.get("Cache-Control")).toBe("public, max-age=1");
  expect(upstream.requests.map(({ url }) => url)).toEqual([`https://upstream.test${JWKS}`]);
  clock.at(900);
  await isolate.call(JWKS);
  expect(upstream.requests).toHaveLength(2);
});

test("40 concurrent callers of the JWKS in three isolates make one upstream call", async () => {
  const answered = deferred<void>();
  upstream.answer(async () => {
    await answered.promise;
    return json(BODY);
  });
  const isolates = [isolate, createIsolate(), createIsolate()];
  const calls = Array.from({ length: 40 }, (_, i) => isolates[i % 3]?.call(JWKS));
  await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
  answered.resolve();
  expect((await Promise.all(calls)).map((response) => response?.status)).toEqual(Array(40).fill(200));
  expect(upstream.requests).toHaveLength(1);
});

test("the JWKS path accepts a percent-encoded project ID, as the Rust SDK sends it", async () => {
  upstream.answer(() => json(BODY));
  expect((await isolate.call(JWKS.replaceAll("-", "%2D"))).status).toBe(200);
});

test("the JWKS are 503 while their object fails, and the isolate does not ask Stytch", async () => {
  const without = createIsolate({ PUBLIC_KEYS: objectsThat.fail() });
  expect((await without.call(JWKS)).status).toBe(503);
  expect(upstream.requests).toHaveLength(0);
});

test("the JWKS of another project are no route, and are not fetched", async () => {
  for (const id of ["project-test-33333333-3333-4333-8333-333333333333", "%2e%2e", "x%2Fy"]) {
    const response = await isolate.call(`/v1/b2b/sessions/jwks/${id}`);
    expect(await response.json()).toMatchObject({ status_code: 404, error_type: "route_not_found" });
  }
  expect(upstream.requests).toHaveLength(0);
});

test.each([
  ["about the project", () => stytchError(404, "project_not_found")],
  ["of an unknown type", () => stytchError(404, "type_of_tomorrow")],
  ["of a load balancer", () => new Response("<html>", { status: 404 })],
])("a 404 %s to Postern's own project is 502 upstream_rejected", async (_, answer) => {
  upstream.answer(answer);
  expect(await (await isolate.call(JWKS)).json()).toMatchObject({ error_type: "upstream_rejected" });
});

test("invalid JWKS are fetched at most once a second, and are never cached", async () => {
  upstream.answer(() => json({ keys: "none" }));
  for (const _ of [1, 2, 3]) expect((await isolate.call(JWKS)).status).toBe(502);
  expect(upstream.requests).toHaveLength(1);
  upstream.answer(() => json(BODY));
  clock.at(1);
  expect((await isolate.call(JWKS)).status).toBe(200);
});
