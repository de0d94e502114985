/** The rate limit of a key as its callers meet it, in any number of isolates. */
import { expect, test, vi } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey } from "../support/deployment.ts";
import { keyObjects } from "../support/key-object.ts";
import { useLimitedKeys } from "../support/limited-keys.ts";
import { quotaIn } from "../support/quota.ts";
import { deferred, stytchError } from "../support/upstream.ts";

const { atMs } = useClock();
const limited = useLimitedKeys();
const { path } = limited;

test("of 300 calls at once in six isolates, a limit of 50 an hour admits exactly 50", async () => {
  const { key } = await limited.create(50, 3_600);
  const isolates = Array.from({ length: 6 }, () => createIsolate());
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, i) => isolates[i % 6]?.call(path, { key })),
  );
  const statuses = answers.map((answer) => answer?.status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(50);
  expect(statuses.filter((status) => status === 429)).toHaveLength(250);
});

test("a refused call says when to retry and what the limit is, and reaches nobody", async () => {
  const { key } = await limited.create(2, 60);
  expect(quotaIn(await limited.operator.call(path, { key }))).toEqual({ q: 2, w: 60, r: 1, t: 30 });
  expect(quotaIn(await limited.operator.call(path, { key }))).toEqual({ q: 2, w: 60, r: 0, t: 30 });
  const before = limited.upstream.requests.length;
  limited.operator.resetCounts();
  const refused = await limited.operator.call(
    `/v1/b2b/organizations/organization-test-${crypto.randomUUID()}`,
    {
      key,
    },
  );
  expect(await refused.json()).toMatchObject({ status_code: 429, error_type: "too_many_requests" });
  // draft-11 §6: Retry-After does not end before the effective window does.
  expect(quotaIn(refused)).toEqual({ q: 2, w: 60, r: 0, t: 30 });
  expect(refused.headers.get("Retry-After")).toBe("30");
  expect(limited.operator.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  expect(limited.upstream.requests).toHaveLength(before);
  atMs(29_999);
  expect((await limited.operator.call(path, { key })).status).toBe(429);
  atMs(30_000);
  expect((await limited.operator.call(path, { key })).status).toBe(200);
});

test("hits of one second on one organization say the limit of their own key, or none", async () => {
  const { operator } = limited;
  const [wide, narrow] = [await limited.create(1_000, 60), await limited.create(10, 3_600)];
  const { key } = await createKey(operator, ["organizations:read"]);
  await operator.call(path, { key });
  const hits: Response[] = [];
  for (const one of [wide.key, narrow.key, key, wide.key, key, narrow.key])
    hits.push(await operator.call(path, { key: one }));
  // They are read when all have been answered.
  expect(hits.map(({ headers }) => headers.get("RateLimit-Policy"))).toEqual([
    '"key";q=1000;w=60',
    '"key";q=10;w=3600',
    null,
    '"key";q=1000;w=60',
    null,
    '"key";q=10;w=3600',
  ]);
  expect(hits.map(({ headers }) => headers.get("RateLimit")?.replace(/;t=.*/, "") ?? null)).toEqual([
    '"key";r=999',
    '"key";r=9',
    null,
    '"key";r=998',
    null,
    '"key";r=8',
  ]);
});

test("a flood of refused calls costs the object calls of a lease and no more", async () => {
  const { key } = await limited.create(1, 60);
  await limited.operator.call(path, { key });
  const flood = createIsolate();
  for (let i = 0; i < 50; i += 1) expect((await flood.call(path, { key })).status).toBe(429);
  expect(flood.counts.objects).toEqual({ lease: 1, updatesSince: 1 });
  for (const ms of [4_000, 7_999, 8_000, 11_999]) {
    atMs(ms);
    expect((await flood.call(path, { key })).status).toBe(429);
  }
  expect(flood.counts.objects["lease"]).toBe(3);
  atMs(60_000);
  expect((await flood.call(path, { key })).status).toBe(200);
});

test("a lifted limit is lifted within LEASE_SECONDS in an isolate that refuses calls", async () => {
  const { key, keyId } = await limited.create(1, 3_600);
  await limited.operator.call(path, { key });
  const refusing = createIsolate();
  expect((await refusing.call(path, { key })).status).toBe(429);
  await limited.edit(keyId, null);
  atMs(5_000);
  expect((await refusing.call(path, { key })).status).toBe(200);
});

test("every authenticated answer takes a token and has the headers, at any status", async () => {
  const { key } = await limited.create(100, 3_600);
  limited.upstream.answer(({ url }) =>
    url.endsWith("/none")
      ? stytchError(404, "organization_not_found")
      : url.endsWith("/bad")
        ? stytchError(500, "x")
        : limited.respond(),
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
    const answer = await limited.operator.call(target, { key, headers });
    expect(answer.status).toBe(status);
    expect(quotaIn(answer)["r"]).toBe(99 - index);
  }
});

test("a forged key, a rotated key and a forbidden address take no token", async () => {
  const { key, keyId } = await limited.create(1, 3_600);
  await limited.operator.call(path, { key: key.slice(0, -1) });
  const rotated = await (await limited.operator.admin("POST", `/admin/keys/${keyId}/rotate`, {})).json<{
    key: string;
  }>();
  expect((await createIsolate().call(path, { key })).status).toBe(401);
  await limited.operator.admin("PATCH", `/admin/keys/${keyId}`, { allowed_ips: ["203.0.113.0/24"] });
  for (const _ of [1, 2]) {
    const elsewhere = await createIsolate().call(path, { key: rotated.key });
    expect(elsewhere.status).toBe(403);
    expect(quotaIn(elsewhere)).toMatchObject({ q: 1, r: 1 });
  }
  const from = { "CF-Connecting-IP": "203.0.113.1" };
  expect((await createIsolate().call(path, { key: rotated.key, headers: from })).status).toBe(200);
});

test("an edited limit keeps what is left, and a new one begins full", async () => {
  const { key, keyId } = await limited.create(10, 3_600);
  for (let i = 0; i < 7; i += 1) await limited.operator.call(path, { key });
  await limited.edit(keyId, { limit: 1_000, period_seconds: 3_600 });
  expect(quotaIn(await createIsolate().call(path, { key }))).toMatchObject({ q: 1_000, r: 2 });
  await limited.edit(keyId, null);
  expect((await createIsolate().call(path, { key })).headers.has("RateLimit")).toBe(false);
  await limited.edit(keyId, { limit: 5, period_seconds: 60 });
  expect(quotaIn(await createIsolate().call(path, { key }))).toMatchObject({ q: 5, r: 4 });
});

test("a changed limit is in force with the next object call, though the lease is older", async () => {
  const { key, keyId } = await limited.create(100, 3_600);
  await limited.operator.call(path, { key });
  await limited.edit(keyId, { limit: 1, period_seconds: 3_600 });
  expect((await limited.operator.call(path, { key })).status).toBe(200);
  expect((await limited.operator.call(path, { key })).status).toBe(429);
});

test("refused calls are counted as rate_limited in the usage", async () => {
  const { key, keyId } = await limited.create(2, 3_600);
  for (let i = 0; i < 5; i += 1) await limited.operator.call(path, { key });
  atMs(5_000);
  await limited.operator.call(path, { key });
  const usage = await (await limited.operator.admin("GET", `/admin/keys/${keyId}/usage`)).json();
  expect(usage).toMatchObject({ hours: [{ requests: 2, rate_limited: 3 }] });
});

test("calls from a forbidden address do not keep those from an allowed one waiting", async () => {
  const { key } = await createKey(limited.operator, ["organizations:read"], {
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
  atMs(60_000);
  slow = true;
  const stolen = [1, 2, 3].map(
    async () => await edge.call(path, { key, headers: { "CF-Connecting-IP": "198.51.100.1" } }),
  );
  const own = edge.call(path, { key, headers: here });
  await vi.waitFor(() => expect(edge.counts.objects["updatesSince"]).toBeGreaterThan(1));
  slow = false;
  expect((await edge.call(path, { key, headers: here })).status).toBe(200);
  gate.resolve(undefined);
  expect((await own).status).toBe(200);
  for (const answer of await Promise.all(stolen)) {
    expect(answer.status).toBe(403);
    expect(quotaIn(answer)).toMatchObject({ q: 2 });
  }
});

test("after a refusal, a burst asks the object only as often as there can be tokens", async () => {
  const { key } = await limited.create(100, 100);
  await Promise.all(Array.from({ length: 110 }, async () => await limited.operator.call(path, { key })));
  for (const ms of [2_100, 4_200]) {
    atMs(ms);
    limited.operator.resetCounts();
    const answers = await Promise.all(
      Array.from({ length: 200 }, async () => await limited.operator.call(path, { key })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(limited.operator.counts.objects["lease"]).toBeLessThanOrEqual(4);
  }
});

test("a limit that was lifted and set again takes back no earlier grant", async () => {
  const { key, keyId } = await limited.create(640, 86_400);
  const [a, b] = [createIsolate(), createIsolate()];
  for (let i = 0; i < 20; i += 1) await a.call(path, { key });
  await limited.edit(keyId, null);
  await limited.edit(keyId, { limit: 640, period_seconds: 86_400 });
  for (let i = 0; i < 20; i += 1) await b.call(path, { key });
  atMs(4_000);
  // Returns what it held under the limit before.
  await a.call(path, { key });
  const { r } = quotaIn(await createIsolate().call("/whoami", { key }));
  expect(Number(r)).toBeLessThanOrEqual(640 - 20);
});
