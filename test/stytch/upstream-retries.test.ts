/** The attempts of a call to Stytch, as callers of the API meet them. */
import { beforeEach, expect, type MockInstance, test, vi } from "vitest";
import { failed } from "../../src/result.ts";
import { StytchClient } from "../../src/stytch/client.ts";
import { organizationRead } from "../../src/stytch/reads.ts";
import { organization, organizationEnvelope } from "../support/bodies.ts";
import { createConfig } from "../support/config.ts";
import { createIsolate } from "../support/deployment.ts";
import { declareSecret, logLines } from "../support/egress.ts";
import {
  breakOff,
  hang,
  newMemberPath,
  refuseConnection,
  respondInTurn,
  respondWith,
  respondWithMember,
  skipRetryDelays,
} from "../support/failing-upstream.ts";
import { organizationPath } from "../support/paths.ts";
import { deferred, json, stytchError } from "../support/upstream.ts";
import { isolate, key, upstream, useUpstream } from "../support/upstream-isolate.ts";
import { TEST_VARS } from "../support/vars.ts";

useUpstream();
let delays: MockInstance<Scheduler["wait"]>;
beforeEach(() => {
  delays = skipRetryDelays();
});

test.each<[string, () => Response]>([
  ["no connection", refuseConnection],
  ["status 502", respondWith(502)],
  ["status 503", respondWith(503)],
  ["status 504", respondWith(504)],
  ["half a body", breakOff],
])("an attempt that ends with %s is retried, and the caller does not notice", async (_, first) => {
  const org = organization();
  respondInTurn(upstream, first, () => json(organizationEnvelope(org)));
  expect((await isolate.call(organizationPath(org), { key })).status).toBe(200);
  expect(upstream.requests).toHaveLength(2);
  expect(logLines().at(-1)).toMatchObject({ status: 200, upstream: { status: 200, attempts: 2 } });
});

test("a call makes at most three attempts, and the last one decides", async () => {
  respondInTurn(upstream, refuseConnection, respondWith(503), respondWith(502));
  expect((await isolate.call(newMemberPath(), { key })).status).toBe(503);
  expect(upstream.requests).toHaveLength(3);
  expect(logLines().at(-1)).toMatchObject({
    error_type: "upstream_unavailable",
    upstream: { status: 502, attempts: 3 },
  });
  const [first = 0, second = 0, ...others] = delays.mock.calls.map(([ms]) => ms);
  expect([first >= 50 && first <= 100, second >= 100 && second <= 200, others]).toEqual([true, true, []]);
});

test.each<[string, () => Response, number]>([
  ["status 500", respondWith(500), 503],
  ["status 429", respondWith(429), 503],
  ["status 404", () => stytchError(404, "member_not_found"), 404],
  ["status 403", respondWith(403), 502],
  ["HTML", () => new Response("<html>"), 502],
])("an attempt that ends with %s is not retried", async (_, answer, expected) => {
  respondInTurn(upstream, answer);
  expect((await isolate.call(newMemberPath(), { key })).status).toBe(expected);
  expect(upstream.requests).toHaveLength(1);
});

test("a retry that could not begin before the deadline is not made", async () => {
  delays.mockRestore();
  vi.useRealTimers();
  const slow = createIsolate({ UPSTREAM_TIMEOUT_MS: "150" });
  upstream.answer(async () => {
    await scheduler.wait(120);
    return stytchError(503, "x");
  });
  const startedAt = performance.now();
  expect((await slow.call(newMemberPath(), { key })).status).toBe(503);
  expect(performance.now() - startedAt).toBeLessThan(400);
  expect(upstream.requests).toHaveLength(1);
});

test("a retry ends with the deadline of the whole call", async () => {
  vi.useRealTimers();
  const slow = createIsolate({ UPSTREAM_TIMEOUT_MS: "200" });
  upstream.answer(async (request) =>
    upstream.requests.length === 1 ? stytchError(503, "x") : await hang(request),
  );
  const startedAt = performance.now();
  expect((await slow.call(newMemberPath(), { key })).status).toBe(504);
  expect(performance.now() - startedAt).toBeLessThan(600);
  expect(upstream.requests).toHaveLength(2);
  expect(upstream.requests.every(({ signal }) => signal?.aborted)).toBe(true);
});

test("an attempt tries both secrets while they rotate, and can be retried", async () => {
  const nextSecret = "secret-test-the-next-one-of-them";
  declareSecret(nextSecret);
  declareSecret(btoa(`${TEST_VARS.STYTCH_PROJECT_ID}:${nextSecret}`));
  const rotating = createIsolate({ STYTCH_SECRET_NEXT: nextSecret });
  respondInTurn(upstream, respondWith(401), respondWith(503), respondWith(401), respondWithMember(upstream));
  expect((await rotating.call(newMemberPath(), { key })).status).toBe(200);
  expect(upstream.requests).toHaveLength(4);
  expect(logLines().at(-1)).toMatchObject({ upstream: { attempts: 4 } });
});

test("a 503 with a long Retry-After is not retried, and the caller gets it", async () => {
  respondInTurn(upstream, () => json({}, 503, { "Retry-After": "4" }));
  const answer = await isolate.call(newMemberPath(), { key });
  expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "4"]);
  expect(upstream.requests).toHaveLength(1);
});

test("a call does not retry if a 429 pauses its member meanwhile, and does if another's", async () => {
  for (const [isSame, requests] of [
    [true, 2],
    [false, 3],
  ] as const) {
    upstream.requests.length = 0;
    const path = newMemberPath();
    delays.mockClear();
    const paused = deferred<undefined>();
    delays.mockImplementationOnce(async () => await paused.promise);
    const limited = () => json({}, 429, { "Retry-After": "30" });
    const missing = () => stytchError(404, "member_not_found");
    respondInTurn(upstream, respondWith(503), limited, missing);
    const first = isolate.call(path, { key });
    await vi.waitFor(() => expect(delays).toHaveBeenCalled());
    await isolate.call(isSame ? path : newMemberPath(), { key });
    paused.resolve(undefined);
    expect((await first).status).toBe(isSame ? 503 : 404);
    expect(upstream.requests).toHaveLength(requests);
  }
});

test("a response with an error status counts by its status if its body never comes", async () => {
  const cases = [
    { code: 429, expected: 503, requests: 1 },
    { code: 403, expected: 502, requests: 1 },
    { code: 404, expected: 502, requests: 1 },
    { code: 503, expected: 503, requests: 3 },
  ].map((one) => ({ ...one, path: newMemberPath() }));
  upstream.answer(({ url }) => {
    const status = cases.find(({ path }) => url.endsWith(path))?.code ?? 500;
    return new Response(new ReadableStream(), { status, headers: { "Retry-After": "0" } });
  });
  // Each attempt waits for half a second, which is made short here.
  const set = setTimeout;
  const timers = vi.spyOn(globalThis, "setTimeout");
  timers.mockImplementation(((callback: () => void, ms: number) =>
    set(callback, ms === 500 ? 20 : ms)) as typeof setTimeout);
  await Promise.all(
    cases.map(async ({ code, expected, requests, path }) => {
      const slow = createIsolate({ UPSTREAM_TIMEOUT_MS: "5000" });
      const startedAt = performance.now();
      expect((await slow.call(path, { key })).status, String(code)).toBe(expected);
      expect(performance.now() - startedAt, String(code)).toBeLessThan(1_000);
      expect(
        upstream.requests.filter(({ url }) => url.endsWith(path)),
        String(code),
      ).toHaveLength(requests);
    }),
  );
  expect(timers.mock.calls.filter(([, ms]) => ms === 500)).toHaveLength(6);
});

test("a timeout shorter than UPSTREAM_TIMEOUT_MS does not count for the circuit", async () => {
  upstream.answer(hang);
  const stytch = new StytchClient(createConfig({ UPSTREAM_TIMEOUT_MS: "100" }));
  const timeOut = async (count: number, ms: number) => {
    const calls = Array.from({ length: count }, async () => await stytch.fetch(organizationRead("acme"), ms));
    for (const { result } of await Promise.all(calls))
      expect(result).toEqual(failed({ type: "upstream_timeout" }));
  };
  await timeOut(12, 20);
  await timeOut(9, 100);
  await timeOut(1, 100);
  const eleventh = await stytch.fetch(organizationRead("acme"));
  expect(eleventh).toMatchObject({ result: { failure: { type: "upstream_unavailable" } }, call: null });
});
