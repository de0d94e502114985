/** What is answered for `GET /v1/b2b/sessions/jwks/{project_id}` while Stytch, or the object of the keys, fails. */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { hang, refuseConnection, respondWith } from "../support/failing-upstream.ts";
import { objectsThat } from "../support/fakes.ts";
import { deferred, json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";

const JWKS = `/v1/b2b/sessions/jwks/${TEST_VARS.STYTCH_PROJECT_ID}`;
const bodyOf = (kid: string) => `{"keys":[{"kty":"RSA","kid":"${kid}"}],"status_code":200}`;
const OLD = bodyOf("jwk-test-1");
const NEW = bodyOf("jwk-test-2");

const clock = useClock();
let isolate: TestIsolate;
let upstream: Upstream;

beforeEach(() => {
  isolate = createIsolate();
  upstream = stubUpstream();
});
// All tests read the JWKS of one project, from one object.
afterEach(async () => await evictAllDurableObjects());

async function read(from: TestIsolate = isolate) {
  const response = await from.call(JWKS);
  return [response.status, response.headers.get("Cache-Control"), await response.text()];
}
const FRESH = [200, "public, max-age=900", OLD];
const HIDDEN = [200, "public, max-age=1", OLD];

/** At the start of the test, the isolate and the object get a good set. */
async function readGoodSet(from: TestIsolate = isolate): Promise<void> {
  upstream.answer(() => json(OLD));
  expect(await read(from)).toEqual(FRESH);
  upstream.requests.length = 0;
}

test("the max-age is 1 in the last second of a set, and Stytch is not asked", async () => {
  await readGoodSet();
  for (const ms of [899_001, 899_500, 899_999]) {
    clock.atMs(ms);
    for (const from of [isolate, createIsolate()]) expect(await read(from)).toEqual(HIDDEN);
  }
  expect(upstream.requests).toHaveLength(0);
  expect(logLines().at(-1)).not.toHaveProperty("degraded");
});

test.each<[string, () => Response, number]>([
  ["status 503", respondWith(503), 503],
  ["status 500", respondWith(500), 503],
  ["no connection", refuseConnection, 503],
  ["a 429 with Retry-After", () => json({}, 429, { "Retry-After": "30" }), 503],
  ["a 429 without", respondWith(429), 503],
  ["status 401", () => stytchError(401, "unauthorized_credentials"), 502],
  ["status 403", () => stytchError(403, "forbidden"), 502],
  ["status 404", () => stytchError(404, "project_not_found"), 502],
  ["a 404 about an organization", () => stytchError(404, "organization_not_found"), 502],
  ["a 404 of HTML", () => new Response("<html>", { status: 404 }), 502],
  ["a 400 about what was asked", () => stytchError(400, "bad_request"), 502],
  ["a redirect", () => new Response(null, { status: 302, headers: { location: "https://x.test/" } }), 502],
  ["an empty set", () => json({ keys: [] }), 502],
  ["no set", () => json({ status_code: 200 }), 502],
  ["a set that is null", () => json({ keys: null }), 502],
  ["a key without a type", () => json({ keys: [{ kid: "jwk-test-1" }] }), 502],
  ["HTML", () => new Response("<html>"), 502],
  ["an empty body", () => new Response(""), 502],
])("%s hides behind the last good set, or is an error if there is none", async (_, answer, status) => {
  upstream.answer(answer);
  const refused = await isolate.call(JWKS);
  expect([refused.status, refused.headers.get("Cache-Control")]).toEqual([status, "no-store"]);
  expect(logLines().at(-1)).not.toHaveProperty("degraded");
  clock.at(60);
  upstream.answer(() => json(OLD));
  expect(await read()).toEqual(FRESH);
  upstream.answer(answer);
  clock.at(60 + 905);
  expect(await read()).toEqual(HIDDEN);
  expect(logLines().at(-1)).toMatchObject({ status: 200, error_type: null, degraded: ["upstream"] });
});

test("a hang of Stytch hides behind the last good set after the deadline", async () => {
  await readGoodSet();
  upstream.answer(hang);
  clock.at(905);
  expect(await read()).toEqual(HIDDEN);
});

test("an isolate that never had the set gets the last good one from the object", async () => {
  await readGoodSet();
  upstream.answer(respondWith(500));
  clock.at(905);
  expect(await read(createIsolate())).toEqual(HIDDEN);
});

test("while Stytch fails it is asked once a second, by all isolates together", async () => {
  await readGoodSet();
  upstream.answer(respondWith(500));
  const isolates = [isolate, createIsolate(), createIsolate()];
  for (const [ms, requests] of [
    [905_000, 1],
    [905_999, 1],
    [906_000, 2],
    [906_500, 2],
  ] as const) {
    clock.atMs(ms);
    for (const from of isolates) expect(await read(from)).toEqual(HIDDEN);
    expect(upstream.requests).toHaveLength(requests);
    expect(logLines().at(-1)).toMatchObject({ degraded: ["upstream"] });
  }
});

test("after a 429, the last good set is answered and Stytch is not asked until Retry-After", async () => {
  await readGoodSet();
  upstream.answer(() => json({}, 429, { "Retry-After": "30" }));
  for (const seconds of [905, 920, 934]) {
    clock.at(seconds);
    expect(await read()).toEqual(HIDDEN);
  }
  expect(upstream.requests).toHaveLength(1);
  upstream.answer(() => json(NEW));
  clock.at(935);
  expect(await read()).toEqual([200, "public, max-age=900", NEW]);
});

test("the last good set hides failures until stale-if-error ends, 3,600 s after freshness", async () => {
  await readGoodSet();
  upstream.answer(respondWith(500));
  clock.atMs(4_499_999);
  for (const from of [isolate, createIsolate()]) expect(await read(from)).toEqual(HIDDEN);
  clock.atMs(4_501_000);
  for (const from of [isolate, createIsolate()]) expect((await read(from))[0]).toBe(503);
});

test("with CACHE_STALE_IF_ERROR_SECONDS=0, a set that is not fresh hides nothing", async () => {
  const strict = createIsolate({ CACHE_STALE_IF_ERROR_SECONDS: "0" });
  await readGoodSet(strict);
  upstream.answer(respondWith(500));
  clock.at(900);
  expect((await read(strict))[0]).toBe(503);
});

test("when Stytch answers again, its new set replaces the old one everywhere", async () => {
  await readGoodSet();
  const other = createIsolate();
  await read(other);
  upstream.answer(respondWith(500));
  clock.at(905);
  for (const from of [isolate, other]) expect(await read(from)).toEqual(HIDDEN);
  upstream.answer(() => json(NEW));
  clock.at(906);
  for (const from of [isolate, other]) expect(await read(from)).toEqual([200, "public, max-age=900", NEW]);
  expect(logLines().at(-1)).not.toHaveProperty("degraded");
});

test("if the object fails, the isolate's own set is answered, and Stytch is not asked", async () => {
  let isDown = false;
  const own = createIsolate({ PUBLIC_KEYS: objectsThat.failIf(env.PUBLIC_KEYS, () => isDown) });
  await readGoodSet(own);
  isDown = true;
  for (const seconds of [905, 905.5, 4_499]) {
    clock.at(seconds);
    expect(await read(own)).toEqual(HIDDEN);
    expect(logLines().at(-1)).toMatchObject({ degraded: ["public_keys_object"] });
  }
  clock.at(4_500);
  expect((await read(own))[0]).toBe(503);
  expect(logLines().at(-1)).toMatchObject({ status: 503, degraded: ["public_keys_object"] });
  expect(upstream.requests).toHaveLength(0);
});

test("if the object was evicted and Stytch fails, the isolate's own set is answered", async () => {
  await readGoodSet();
  await evictAllDurableObjects();
  upstream.answer(respondWith(500));
  clock.at(905);
  expect(await read()).toEqual(HIDDEN);
  expect((await read(createIsolate()))[0]).toBe(503);
});

test("an error names Stytch's Retry-After if there is no set to answer", async () => {
  upstream.answer(() => json({}, 429, { "Retry-After": "999999999" }));
  const refused = await isolate.call(JWKS);
  expect(await refused.json()).toMatchObject({ status_code: 503, error_type: "upstream_rate_limited" });
  expect(refused.headers.get("Retry-After")).toBe("3600");
});

test.each<[string, () => Response]>([
  ["a failure", respondWith(500)],
  ["a set that Stytch sent before", () => json(OLD)],
])("%s that arrives late does not replace a set that arrived meanwhile", async (_, answer) => {
  const late = deferred<void>();
  let reads = 0;
  const readOneLate = async (name: string) => {
    reads += 1;
    const isLate = reads === 1;
    const result = await env.PUBLIC_KEYS.getByName(name).read();
    if (isLate) await late.promise;
    return result;
  };
  const lagging = createIsolate({
    PUBLIC_KEYS: { getByName: (name: string) => ({ read: async () => await readOneLate(name) }) },
  });
  upstream.answer(answer);
  const first = lagging.call(JWKS);
  await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
  // A read of another isolate ends when the object has taken in the answer.
  await read();
  upstream.answer(() => json(NEW));
  clock.at(901);
  expect(await read(lagging)).toEqual([200, FRESH[1], NEW]);
  late.resolve();
  expect(await (await first).text()).toBe(NEW);
  expect(await read(lagging)).toEqual([200, FRESH[1], NEW]);
  expect(upstream.requests).toHaveLength(2);
});

test("a clock that was set back far does not keep an old set alive", async () => {
  await readGoodSet();
  upstream.answer(() => json(NEW));
  clock.at(-3_600);
  for (const from of [isolate, createIsolate()]) expect(await read(from)).toEqual([200, FRESH[1], NEW]);
  expect(upstream.requests).toHaveLength(1);
});
