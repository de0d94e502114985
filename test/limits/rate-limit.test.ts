/** A key's rate limit as its callers meet it, from any number of isolates. */

import { evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/guard.ts";
import { failingIf, keyObjects } from "../support/key-object.ts";
import { quotaIn } from "../support/quota.ts";
import { deferred, json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";

const NOW = 1_800_000_000_000;
const org = organization();
const path = `/v1/b2b/organizations/${org["organization_id"]}`;
const limited = async (limit: number, period_seconds: number) =>
  await createKey(operator, ["organizations:read"], { rate_limit: { limit, period_seconds } });

let operator: TestIsolate;
let upstream: Upstream;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  upstream = stubUpstream(() => json(organizationEnvelope(org)));
  operator = createIsolate();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const pause = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));
const at = (ms: number) => vi.setSystemTime(NOW + ms);

test("300 calls at once over six isolates on a limit of 50 an hour: exactly 50 pass", async () => {
  const { key } = await limited(50, 3_600);
  const isolates = Array.from({ length: 6 }, () => createIsolate());
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, i) => isolates[i % 6]?.call(path, { key })),
  );
  const statuses = answers.map((answer) => answer?.status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(50);
  expect(statuses.filter((status) => status === 429)).toHaveLength(250);
});

test("a refused call says when to come again, reaches nobody, and is told what its limit is", async () => {
  const { key } = await limited(2, 60);
  expect(quotaIn(await operator.call(path, { key }))).toEqual({ q: 2, w: 60, r: 1, t: 30 });
  expect(quotaIn(await operator.call(path, { key }))).toEqual({ q: 2, w: 60, r: 0, t: 30 });
  const before = upstream.requests.length;
  operator.resetCounts();
  const refused = await operator.call(`/v1/b2b/organizations/organization-test-${crypto.randomUUID()}`, {
    key,
  });
  expect(await refused.json()).toMatchObject({ status_code: 429, error_type: "too_many_requests" });
  // draft-11 §6: Retry-After does not end before the effective window does.
  expect(quotaIn(refused)).toEqual({ q: 2, w: 60, r: 0, t: 30 });
  expect(refused.headers.get("Retry-After")).toBe("30");
  expect(operator.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  expect(upstream.requests).toHaveLength(before);
  at(29_999);
  expect((await operator.call(path, { key })).status).toBe(429);
  at(30_000);
  expect((await operator.call(path, { key })).status).toBe(200);
});

test("a flood of refused calls costs the object calls of a lease, and none before a token can be there", async () => {
  const { key } = await limited(1, 60);
  await operator.call(path, { key });
  const flood = createIsolate();
  for (let i = 0; i < 50; i += 1) expect((await flood.call(path, { key })).status).toBe(429);
  expect(flood.counts.objects).toEqual({ lease: 1, purgesSince: 1 });
  for (const ms of [2_500, 4_999, 5_000, 7_499]) {
    at(ms);
    expect((await flood.call(path, { key })).status).toBe(429);
  }
  expect(flood.counts.objects["lease"]).toBe(3);
  at(60_000);
  expect((await flood.call(path, { key })).status).toBe(200);
});

test("a limit that an operator raised is in force within LEASE_SECONDS where calls were being refused", async () => {
  const { key, keyId } = await limited(1, 3_600);
  await operator.call(path, { key });
  const refused = createIsolate();
  expect((await refused.call(path, { key })).status).toBe(429);
  await operator.admin("PATCH", `/admin/keys/${keyId}`, { rate_limit: null });
  at(5_000);
  expect((await refused.call(path, { key })).status).toBe(200);
});

test("every authenticated answer of a limited key takes a token and tells of it, whatever it is", async () => {
  const { key } = await limited(100, 3_600);
  upstream.answer(({ url }) =>
    url.endsWith("/none")
      ? stytchError(404, "x")
      : url.endsWith("/bad")
        ? stytchError(500, "x")
        : json(organizationEnvelope(org)),
  );
  const expected: [string, Record<string, string>, number][] = [
    [path, {}, 200],
    [path, { "If-None-Match": "*" }, 304],
    ["/v1/b2b/organizations/%2F", {}, 400],
    ["/v1/b2b/organizations/members/dangerously_get/m", {}, 403],
    ["/v1/b2b/organizations/none", {}, 404],
    ["/v1/b2b/organizations/bad", {}, 503],
  ];
  for (const [index, [target, headers, status]] of expected.entries()) {
    const answer = await operator.call(target, { key, headers });
    expect(answer.status).toBe(status);
    expect(quotaIn(answer)["r"]).toBe(99 - index);
  }
});

test("neither a forged key, nor one that a rotation ended, nor one used from elsewhere takes a token", async () => {
  const { key, keyId } = await limited(1, 3_600);
  await operator.call(path, { key: key.slice(0, -1) });
  const rotated = await (await operator.admin("POST", `/admin/keys/${keyId}/rotate`, {})).json<{
    key: string;
  }>();
  expect((await createIsolate().call(path, { key })).status).toBe(401);
  await operator.admin("PATCH", `/admin/keys/${keyId}`, { allowed_ips: ["203.0.113.0/24"] });
  for (const _ of [1, 2]) {
    const elsewhere = await createIsolate().call(path, { key: rotated.key });
    expect(elsewhere.status).toBe(403);
    expect(quotaIn(elsewhere)).toMatchObject({ q: 1, r: 1 });
  }
  const from = { "CF-Connecting-IP": "203.0.113.1" };
  expect((await createIsolate().call(path, { key: rotated.key, headers: from })).status).toBe(200);
});

test("eviction of the key's object gives no token back, and loses none", async () => {
  const { key } = await limited(3, 3_600);
  for (const status of [200, 200]) expect((await operator.call(path, { key })).status).toBe(status);
  await evictAllDurableObjects();
  for (const status of [200, 429]) expect((await createIsolate().call(path, { key })).status).toBe(status);
});

test("an edited limit keeps what is left, a lifted one is lifted, a new one begins full", async () => {
  const { key, keyId } = await limited(10, 3_600);
  const edit = async (rate_limit: unknown) =>
    await operator.admin("PATCH", `/admin/keys/${keyId}`, { rate_limit });
  for (let i = 0; i < 7; i += 1) await operator.call(path, { key });
  await edit({ limit: 1_000, period_seconds: 3_600 });
  expect(quotaIn(await createIsolate().call(path, { key }))).toMatchObject({ q: 1_000, r: 2 });
  await edit(null);
  expect((await createIsolate().call(path, { key })).headers.has("RateLimit")).toBe(false);
  await edit({ limit: 5, period_seconds: 60 });
  expect(quotaIn(await createIsolate().call(path, { key }))).toMatchObject({ q: 5, r: 4 });
});

test("a limit that was changed is in force at once where the lease is older: the object's word counts", async () => {
  const { key, keyId } = await limited(100, 3_600);
  await operator.call(path, { key });
  await operator.admin("PATCH", `/admin/keys/${keyId}`, { rate_limit: { limit: 1, period_seconds: 3_600 } });
  expect((await operator.call(path, { key })).status).toBe(200);
  expect((await operator.call(path, { key })).status).toBe(429);
});

test("refused calls are counted apart", async () => {
  const { key, keyId } = await limited(2, 3_600);
  for (let i = 0; i < 5; i += 1) await operator.call(path, { key });
  at(5_000);
  await operator.call(path, { key });
  const usage = await (await operator.admin("GET", `/admin/keys/${keyId}/usage`)).json();
  expect(usage).toMatchObject({ hours: [{ requests: 2, rate_limited: 3 }] });
});

test("while the key's object fails, an isolate goes on from what it was told, by itself, and says so in the log", async () => {
  const { key } = await limited(4, 3_600);
  let fails = false;
  const failing = createIsolate(failingIf(() => fails));
  expect((await failing.call(path, { key })).status).toBe(200);
  fails = true;
  for (const [ms, status] of [
    [0, 200],
    [6_000, 200],
    [6_001, 200],
    [6_002, 429],
  ] as const) {
    at(ms);
    expect((await failing.call(path, { key })).status).toBe(status);
    expect(logLines().at(-1)).toMatchObject({ degraded: ["key_object"] });
  }
  const me = await failing.call("/whoami", { key });
  expect(await me.json()).toMatchObject({ rate_limit_remaining: 0 });
  expect(logLines().at(-1)).toMatchObject({ route: "/whoami", degraded: ["key_object"] });
  at(65_001);
  expect((await failing.call(path, { key })).status).toBe(503);
});

test("alone, an isolate goes by the limit of its lease, not by an older one that it was told", async () => {
  const { key, keyId } = await limited(100, 3_600);
  let fails = false;
  const alone = createIsolate(failingIf(() => fails));
  await alone.call(path, { key });
  await operator.admin("PATCH", `/admin/keys/${keyId}`, { rate_limit: { limit: 1, period_seconds: 3_600 } });
  at(5_000);
  expect(quotaIn(await alone.call(path, { key }))).toMatchObject({ q: 1 });
  fails = true;
  const refused = await alone.call(path, { key });
  expect([refused.status, quotaIn(refused)]).toEqual([429, { q: 1, w: 3_600, r: 0, t: 3_600 }]);
});

test("what is kept of a bucket from before there were grants goes on as it was", async () => {
  const { key, keyId } = await limited(10, 3_600);
  await runInDurableObject(env.API_KEY.getByName(keyId), (_, state) =>
    state.storage.kv.put("bucket", { level: 4 * 3_600_000, at: NOW }),
  );
  const statuses: number[] = [];
  for (let i = 0; i < 5; i += 1) statuses.push((await operator.call(path, { key })).status);
  expect(statuses).toEqual([200, 200, 200, 200, 429]);
});

test("a refusal writes nothing", async () => {
  const { key, keyId } = await limited(1, 3_600);
  const kept = async () =>
    await runInDurableObject(env.API_KEY.getByName(keyId), (_, state) => state.storage.kv.get("bucket"));
  await operator.call(path, { key });
  const before = await kept();
  at(10_000);
  expect((await createIsolate().call(path, { key })).status).toBe(429);
  expect(await kept()).toEqual(before);
});

test("calls from elsewhere keep nobody waiting who calls from where the key may be used", async () => {
  const { key } = await createKey(operator, ["organizations:read"], {
    rate_limit: { limit: 2, period_seconds: 60 },
    allowed_ips: ["203.0.113.0/24"],
  });
  const gate = deferred<undefined>();
  let slow = false;
  const edge = createIsolate(
    keyObjects(async (ask, question) => {
      if (slow && question[2] !== null) await gate.promise;
      return await ask();
    }),
  );
  const here = { "CF-Connecting-IP": "203.0.113.1" };
  expect((await edge.call(path, { key, headers: here })).status).toBe(200);
  at(60_000);
  slow = true;
  const stolen = [1, 2, 3].map(
    async () => await edge.call(path, { key, headers: { "CF-Connecting-IP": "198.51.100.1" } }),
  );
  const own = edge.call(path, { key, headers: here });
  await vi.waitFor(() => expect(edge.counts.objects["purgesSince"]).toBeGreaterThan(1));
  slow = false;
  expect((await edge.call(path, { key, headers: here })).status).toBe(200);
  gate.resolve(undefined);
  expect((await own).status).toBe(200);
  for (const answer of await Promise.all(stolen)) {
    expect(answer.status).toBe(403);
    expect(quotaIn(answer)).toMatchObject({ q: 2 });
  }
});

test("a call that is a little early for a limit of one is kept until then, one at a time; others are refused", async () => {
  const { key } = await limited(1, 60);
  expect((await operator.call(path, { key })).status).toBe(200);
  at(59_800);
  const wait = vi.spyOn(scheduler, "wait").mockImplementation(async (ms) => {
    await pause(20);
    vi.setSystemTime(Date.now() + ms);
  });
  const isolates = [createIsolate(), createIsolate(), createIsolate()];
  const answers = await Promise.all(isolates.map(async (isolate) => await isolate.call(path, { key })));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 429, 429]);
  expect(wait.mock.calls.filter(([ms]) => ms === 200)).toHaveLength(1);
  expect((await createIsolate().call(path, { key })).status).toBe(429);
  at(119_900);
  expect((await createIsolate().call(path, { key })).status).toBe(200);
});

test("a call that is kept is not let in by a key that is revoked meanwhile", async () => {
  const { key, keyId } = await limited(1, 60);
  await operator.call(path, { key });
  at(59_800);
  vi.spyOn(scheduler, "wait").mockImplementation(async (ms) => {
    await operator.admin("DELETE", `/admin/keys/${keyId}`);
    vi.setSystemTime(Date.now() + ms);
  });
  const answer = await createIsolate().call(path, { key });
  expect([answer.status, (await answer.json<Json>())["error_type"]]).toEqual([401, "revoked_key"]);
});

test("a burst of calls in an isolate that was refused costs as many questions as there can be tokens", async () => {
  const { key } = await limited(100, 100);
  await Promise.all(Array.from({ length: 110 }, async () => await operator.call(path, { key })));
  for (const ms of [2_100, 4_200]) {
    at(ms);
    operator.resetCounts();
    const answers = await Promise.all(
      Array.from({ length: 200 }, async () => await operator.call(path, { key })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(operator.counts.objects["lease"]).toBeLessThanOrEqual(4);
  }
});

test("a limit that was lifted and set again knows nothing of what was granted before", async () => {
  const { key, keyId } = await limited(640, 86_400);
  const [a, b] = [createIsolate(), createIsolate()];
  for (let i = 0; i < 20; i += 1) await a.call(path, { key });
  const edit = async (rate_limit: unknown) =>
    await operator.admin("PATCH", `/admin/keys/${keyId}`, { rate_limit });
  await edit(null);
  await edit({ limit: 640, period_seconds: 86_400 });
  for (let i = 0; i < 20; i += 1) await b.call(path, { key });
  at(4_000);
  // Gives back what it held of the limit before.
  await a.call(path, { key });
  const { r } = quotaIn(await createIsolate().call("/whoami", { key }));
  expect(Number(r)).toBeLessThanOrEqual(640 - 20);
});
