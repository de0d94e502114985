/** Stytch that is hard to reach: attempts, the circuit, and a 429 that says until when, as callers meet them. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { failed } from "../../src/result.ts";
import { StytchClient } from "../../src/stytch/client.ts";
import { member, memberEnvelope, organization, organizationEnvelope } from "../support/bodies.ts";
import { createConfig } from "../support/config.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { declareSecret, logLines } from "../support/guard.ts";
import { deferred, json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";
import { TEST_VARS } from "../support/vars.ts";

const NOW = 1_800_000_000_000;
let upstream: Upstream;
let edge: TestIsolate;
let key: string;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  upstream = stubUpstream();
  edge = createIsolate();
  ({ key } = await createKey(edge, ["organizations:read", "members:dangerously_get"]));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const at = (ms: number) => vi.setSystemTime(NOW + ms);
const aMember = () => `/v1/b2b/organizations/members/dangerously_get/member-test-${crypto.randomUUID()}`;
const anOrganization = () => `/v1/b2b/organizations/organization-test-${crypto.randomUUID()}`;
const pathOf = ({ organization_id }: Record<string, unknown>) => `/v1/b2b/organizations/${organization_id}`;

/** Answers one after the other, the last for ever. */
function inTurn(...answers: (() => Response)[]): void {
  upstream.answer(() => (answers.length > 1 ? answers.shift() : answers[0])?.() ?? stytchError(500, "x"));
}
const refused = (): never => {
  throw new TypeError("connection refused");
};
const status = (code: number) => () => stytchError(code, "x");
/** The one that was asked for. */
const theMember = () => {
  const org = organization();
  const member_id = upstream.requests.at(-1)?.url.split("/").at(-1);
  return json(memberEnvelope(member({ member_id, organization_id: org["organization_id"] }), org));
};
const cut = () =>
  new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"organization":')),
      pull: (controller) => controller.error(new Error("connection reset")),
    }),
  );

describe("a failed attempt", () => {
  test.each<[string, () => Response]>([
    ["no connection", refused],
    ["502", status(502)],
    ["503", status(503)],
    ["504", status(504)],
    ["half a body", cut],
  ])("of %s is followed by another, of which the caller sees nothing", async (_, first) => {
    const org = organization();
    inTurn(first, () => json(organizationEnvelope(org)));
    expect((await edge.call(pathOf(org), { key })).status).toBe(200);
    expect(upstream.requests).toHaveLength(2);
    expect(logLines().at(-1)).toMatchObject({ status: 200, upstream: { status: 200, attempts: 2 } });
  });

  test("is followed by two more at most; what the last says is the answer", async () => {
    inTurn(refused, status(503), status(502));
    expect((await edge.call(aMember(), { key })).status).toBe(503);
    expect(upstream.requests).toHaveLength(3);
    expect(logLines().at(-1)).toMatchObject({
      error_type: "upstream_unavailable",
      upstream: { status: 502, attempts: 3 },
    });
  });

  test.each<[string, () => Response, number]>([
    ["500", status(500), 503],
    ["429", status(429), 503],
    ["404", status(404), 404],
    ["403", status(403), 502],
    ["no JSON", () => new Response("<html>"), 502],
  ])("that would fail again is not repeated: %s", async (_, answer, expected) => {
    inTurn(answer);
    expect((await edge.call(aMember(), { key })).status).toBe(expected);
    expect(upstream.requests).toHaveLength(1);
  });

  test("is not followed by one that could not begin before the deadline", async () => {
    vi.useRealTimers();
    const slow = createIsolate({ UPSTREAM_TIMEOUT_MS: "150" });
    upstream.answer(async () => {
      await scheduler.wait(120);
      return stytchError(503, "x");
    });
    const began = performance.now();
    expect((await slow.call(aMember(), { key })).status).toBe(503);
    expect(performance.now() - began).toBeLessThan(400);
    expect(upstream.requests).toHaveLength(1);
  });

  test("is followed by one that ends with the deadline of the first", async () => {
    vi.useRealTimers();
    const slow = createIsolate({ UPSTREAM_TIMEOUT_MS: "300" });
    upstream.answer(async ({ signal }) => {
      if (upstream.requests.length === 1) return stytchError(503, "x");
      const hanging = deferred<Response>();
      signal?.addEventListener("abort", () => hanging.reject(signal.reason));
      return await hanging.promise;
    });
    const began = performance.now();
    expect((await slow.call(aMember(), { key })).status).toBe(504);
    expect(performance.now() - began).toBeLessThan(600);
    expect(upstream.requests).toHaveLength(2);
    expect(upstream.requests.every(({ signal }) => signal?.aborted)).toBe(true);
  });

  test("with both secrets is one, of two requests", async () => {
    const next = "secret-test-the-next-one-of-them";
    declareSecret(next);
    declareSecret(btoa(`${TEST_VARS.STYTCH_PROJECT_ID}:${next}`));
    const rotating = createIsolate({ STYTCH_SECRET_NEXT: next });
    inTurn(status(401), status(503), status(401), theMember);
    expect((await rotating.call(aMember(), { key })).status).toBe(200);
    expect(upstream.requests).toHaveLength(4);
    expect(logLines().at(-1)).toMatchObject({ upstream: { attempts: 4 } });
  });

  test("that says when to come is not waited for, and the caller is told", async () => {
    inTurn(() => json({}, 503, { "Retry-After": "4" }));
    const answer = await edge.call(aMember(), { key });
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "4"]);
    expect(upstream.requests).toHaveLength(1);
  });

  test("is not repeated where another call has been told meanwhile to leave Stytch alone", async () => {
    const waits = vi.spyOn(scheduler, "wait");
    const paused = deferred<undefined>();
    waits.mockImplementationOnce(async () => await paused.promise);
    inTurn(status(503), () => json({}, 429, { "Retry-After": "30" }));
    const first = edge.call(aMember(), { key });
    await vi.waitFor(() => expect(waits).toHaveBeenCalled());
    await edge.call(aMember(), { key });
    paused.resolve(undefined);
    expect((await first).status).toBe(503);
    expect(upstream.requests).toHaveLength(2);
  });

  test.each<[number, number, number]>([
    [429, 503, 1],
    [404, 404, 1],
    [503, 503, 3],
  ])("whose body of %i never comes means what its status says", async (code, expected, requests) => {
    const slow = createIsolate({ UPSTREAM_TIMEOUT_MS: "5000" });
    upstream.answer(
      () => new Response(new ReadableStream(), { status: code, headers: { "Retry-After": "0" } }),
    );
    const began = performance.now();
    expect((await slow.call(aMember(), { key })).status).toBe(expected);
    expect(performance.now() - began).toBeLessThan(2_500);
    expect(upstream.requests).toHaveLength(requests);
  });

  test("that had less time than a call says nothing of Stytch by not ending in it", async () => {
    upstream.answer(async ({ signal }) => {
      const hanging = deferred<Response>();
      signal?.addEventListener("abort", () => hanging.reject(signal.reason));
      return await hanging.promise;
    });
    const stytch = new StytchClient(createConfig({ UPSTREAM_TIMEOUT_MS: "100" }));
    const timeOut = async (count: number, ms: number) => {
      const calls = Array.from({ length: count }, async () => await stytch.fetchOrganization("acme", ms));
      for (const { result } of await Promise.all(calls))
        expect(result).toEqual(failed({ type: "upstream_timeout" }));
    };
    await timeOut(12, 20);
    await timeOut(9, 100);
    await timeOut(1, 100);
    const eleventh = await stytch.fetchOrganization("acme");
    expect(eleventh).toMatchObject({ result: { failure: { type: "upstream_unavailable" } }, call: null });
  });
});

describe("the circuit", () => {
  test("is open after ten failed calls in a row: callers are answered at once, and one every two seconds finds out", async () => {
    inTurn(status(500));
    for (let i = 0; i < 10; i += 1) expect((await edge.call(aMember(), { key })).status).toBe(503);
    expect(upstream.requests).toHaveLength(10);
    const answer = await edge.call(aMember(), { key });
    expect(await answer.json()).toMatchObject({ status_code: 503, error_type: "upstream_unavailable" });
    expect(logLines().at(-1)).toMatchObject({
      upstream: null,
      upstream_detail: "not called: the circuit is open",
    });
    at(1_999);
    await edge.call(aMember(), { key });
    expect(upstream.requests).toHaveLength(10);
    at(2_000);
    for (const _ of [1, 2, 3]) await edge.call(aMember(), { key });
    expect(upstream.requests).toHaveLength(11);
    inTurn(theMember);
    at(4_000);
    for (const _ of [1, 2]) expect((await edge.call(aMember(), { key })).status).toBe(200);
    expect(upstream.requests).toHaveLength(13);
  });

  test("of the objects is one for all organizations of their isolate, and hidden by what is known", async () => {
    const known = organization();
    inTurn(() => json(organizationEnvelope(known)));
    await edge.call(pathOf(known), { key });
    at(130_000);
    inTurn(refused);
    for (let i = 0; i < 10; i += 1) await createIsolate().call(anOrganization(), { key });
    expect(upstream.requests).toHaveLength(31);
    expect((await createIsolate().call(anOrganization(), { key })).status).toBe(503);
    const hidden = await createIsolate().call(pathOf(known), { key });
    expect(hidden.headers.get("Cache-Status")).toBe("postern; hit; ttl=-70; detail=kv");
    expect(upstream.requests).toHaveLength(31);
    inTurn(() => json(organizationEnvelope(known)));
    at(132_000);
    expect((await createIsolate().call(pathOf(known), { key })).headers.get("Cache-Status")).toMatch(
      /fwd=miss/,
    );
  });

  test("does not open for answers that Stytch gave, whatever they were", async () => {
    for (let i = 0; i < 12; i += 1) {
      inTurn([status(404), status(400), status(401), status(429), () => json([])][i % 5] ?? status(404));
      await edge.call(aMember(), { key });
    }
    expect(upstream.requests).toHaveLength(12);
  });
});

describe("a 429 that says until when", () => {
  const limited = () => json({ error_type: "too_many_requests" }, 429, { "Retry-After": "30" });

  test("keeps every call of Stytch back until then, and callers are told how long", async () => {
    inTurn(limited);
    const first = await edge.call(aMember(), { key });
    expect([first.status, first.headers.get("Retry-After")]).toEqual([503, "30"]);
    at(12_500);
    const second = await edge.call(aMember(), { key });
    expect(await second.json()).toMatchObject({ status_code: 503, error_type: "upstream_rate_limited" });
    expect(second.headers.get("Retry-After")).toBe("18");
    at(29_999);
    await edge.call(aMember(), { key });
    expect(upstream.requests).toHaveLength(1);
    inTurn(theMember);
    at(30_000);
    expect((await edge.call(aMember(), { key })).status).toBe(200);
  });

  test("is hidden by stale answers meanwhile, and no refresh is tried", async () => {
    const known = organization();
    inTurn(() => json(organizationEnvelope(known)));
    await edge.call(pathOf(known), { key });
    inTurn(limited);
    at(61_000);
    await createIsolate().call(anOrganization(), { key });
    expect(upstream.requests).toHaveLength(2);
    for (const ms of [62_000, 75_000, 90_999]) {
      at(ms);
      const stale = await createIsolate().call(pathOf(known), { key });
      expect(stale.headers.get("Cache-Status")).toBe(
        `postern; hit; ttl=${60 - Math.floor(ms / 1_000)}; detail=kv`,
      );
    }
    expect(upstream.requests).toHaveLength(2);
    // Nobody failed meanwhile: the refresh is made as soon as it may.
    inTurn(() => json(organizationEnvelope(known)));
    at(91_000);
    await createIsolate().call(pathOf(known), { key });
    expect(upstream.requests).toHaveLength(3);
  });
});
