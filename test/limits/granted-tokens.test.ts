/** Tokens that an isolate is granted along with its lease, and spends by itself. */
import { expect, test } from "vitest";
import type { TokenResponse } from "../../src/limits/messages.ts";
import type { Json } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { failingIf, keyObjects } from "../support/key-object.ts";
import { callEvery, useLimitedKeys } from "../support/limited-keys.ts";
import { quotaIn } from "../support/quota.ts";
import { deferred } from "../support/upstream.ts";

const { atMs, advanceMs } = useClock();
const limited = useLimitedKeys();
const { path } = limited;

test("the first call in an isolate gets a token along with the lease, in one call", async () => {
  const { key } = await limited.create(600, 60);
  await limited.operator.call(path, { key });
  const edge = createIsolate();
  expect(quotaIn(await edge.call(path, { key }))).toEqual({ q: 600, w: 60, r: 598, t: 1 });
  expect(edge.counts.objects).toEqual({ lease: 1, updatesSince: 1 });
});

test("100 calls a second need less than one object call in ten, and count exactly", async () => {
  const { key } = await limited.create(12_000, 86_400);
  const edge = createIsolate();
  const answers = await callEvery(10, 300, async () => await edge.call(path, { key }), advanceMs);
  const left = answers.map((answer) => quotaIn(answer)["r"]);
  expect(left).toEqual(answers.map((_, index) => 11_999 - index));
  expect(edge.counts.objects["lease"]).toBeLessThan(30);
});

test("granted tokens are spent in one isolate only, and none reports more than is left", async () => {
  const { key } = await limited.create(64 * 5, 3_600);
  const isolates = Array.from({ length: 5 }, () => createIsolate());
  let admitted = 0;
  let refused = 0;
  for (let round = 0; round < 120; round += 1) {
    // Some isolates have many calls, some hardly any, and one begins late.
    const isolate = isolates[[0, 0, 1, 0, 2, 3, 0, 1][round % 8] ?? 0] ?? limited.operator;
    const burst = round < 60 ? 1 + (round % 5) : 4;
    for (let i = 0; i < burst; i += 1) {
      const answer = await isolate.call(path, { key });
      if (answer.status === 200) admitted += 1;
      else refused += 1;
      const { r } = quotaIn(answer);
      if (round > 8) expect(r).toBeLessThanOrEqual(320 - admitted);
    }
    advanceMs(7);
  }
  expect(refused).toBeGreaterThan(0);
  expect(admitted).toBeLessThanOrEqual(320);
  expect(admitted).toBeGreaterThan(320 * 0.9);
});

test("granted tokens are returned if calls become rare, and lost if they end", async () => {
  const { key } = await limited.create(6_400, 86_400);
  const edge = createIsolate();
  await callEvery(10, 100, async () => await edge.call(path, { key }), advanceMs);
  const left = async (isolate: TestIsolate) =>
    (await (await isolate.call("/whoami", { key })).json<Json>())["rate_limit_remaining"];
  // This isolate holds some, which are not in the bucket.
  expect(await left(edge)).toBe(6_300);
  const held = 6_300 - Number(await left(createIsolate()));
  expect(held).toBeGreaterThan(50);
  advanceMs(2_500);
  await edge.call(path, { key });
  expect(await left(createIsolate())).toBe(6_299);
  await callEvery(10, 100, async () => await edge.call(path, { key }), advanceMs);
  advanceMs(6_000);
  const lost = 6_199 - Number(await left(createIsolate()));
  expect(lost).toBeGreaterThan(0);
  expect(lost).toBeLessThanOrEqual(100);
});

test("granted tokens are spent first while the key's object fails", async () => {
  const { key } = await limited.create(600, 86_400);
  let fails = false;
  const edge = createIsolate(failingIf(() => fails));
  await callEvery(10, 20, async () => await edge.call(path, { key }), advanceMs);
  fails = true;
  const before = logLines().length;
  expect((await edge.call(path, { key })).status).toBe(200);
  expect(logLines().slice(before)).toMatchObject([{ status: 200, key_id: expect.any(String) }]);
  expect(
    logLines()
      .slice(before)
      .some((line) => "degraded" in line),
  ).toBe(false);
  const answers = await callEvery(0, 600, async () => await edge.call(path, { key }), advanceMs);
  expect(answers.filter(({ status }) => status === 200).length).toBe(600 - 21);
  expect(answers.at(-1)?.status).toBe(429);
  expect(logLines().at(-1)).toMatchObject({ degraded: ["key_object"] });
});

test("a lifted limit drops granted tokens, and a new limit begins without any", async () => {
  const { key, keyId } = await limited.create(600, 60);
  const edge = createIsolate();
  await callEvery(10, 20, async () => await edge.call(path, { key }), advanceMs);
  await limited.edit(keyId, null);
  advanceMs(5_000);
  expect((await edge.call(path, { key })).headers.has("RateLimit")).toBe(false);
  await limited.edit(keyId, { limit: 2, period_seconds: 60 });
  advanceMs(5_000);
  const statuses = (await callEvery(0, 3, async () => await edge.call(path, { key }), advanceMs)).map(
    ({ status }) => status,
  );
  expect(statuses).toEqual([200, 200, 429]);
});

test("a call that the object refused takes a token that another response brought", async () => {
  const { key } = await limited.create(100, 100);
  const script: (() => Promise<Partial<TokenResponse>>)[] = [];
  const edge = createIsolate(
    keyObjects(async (ask) => {
      const { record, tokens } = await ask();
      return { record, tokens: { ...tokens, ...(await script.shift()?.()) } };
    }),
  );
  script.push(async () => ({ level: 0 }));
  await edge.call(path, { key });
  atMs(2_000);
  const refusal = deferred<Partial<TokenResponse>>();
  script.push(
    async () => await refusal.promise,
    async () => ({ granted: true, grant: { id: 900, tokens: 1 }, sequence: 900 }),
  );
  const [waiting, other] = [edge.call(path, { key }), edge.call(path, { key })];
  expect((await other).status).toBe(200);
  refusal.resolve({ granted: false, grant: null, sequence: 901, level: 0 });
  const answer = await waiting;
  expect([answer.status, quotaIn(answer)["r"]]).toEqual([200, 0]);
  expect((await edge.call(path, { key })).status).toBe(429);
});

test("each of many calls at once takes a token of its own", async () => {
  const { key } = await limited.create(1_000, 10);
  const edge = createIsolate();
  const answers = await Promise.all(Array.from({ length: 100 }, () => edge.call(path, { key })));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  const { r } = quotaIn(await createIsolate().call("/whoami", { key }));
  expect(Number(r)).toBeLessThanOrEqual(900);
  // One question asks for all of them, and for as many as their rate needs in the next two seconds.
  expect(Number(r)).toBeGreaterThan(700);
});
