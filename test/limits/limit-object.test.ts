/** The key's object as the owner of the limit: what it stores, a call that it holds, and what happens if it fails. */
import { evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import type { Json } from "../support/bodies.ts";
import { NOW, useClock } from "../support/clock.ts";
import { createIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { failingIf } from "../support/key-object.ts";
import { useLimitedKeys } from "../support/limited-keys.ts";
import { quotaIn } from "../support/quota.ts";

const { atMs, advanceMs } = useClock();
const limited = useLimitedKeys();
const { path } = limited;

const pause = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

test("eviction of the key's object neither returns nor loses a token", async () => {
  const { key } = await limited.create(3, 3_600);
  for (const status of [200, 200]) expect((await limited.operator.call(path, { key })).status).toBe(status);
  await evictAllDurableObjects();
  for (const status of [200, 429]) expect((await createIsolate().call(path, { key })).status).toBe(status);
});

test("while the key's object fails, an isolate counts by itself, and logs it", async () => {
  const { key } = await limited.create(4, 3_600);
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
    atMs(ms);
    expect((await failing.call(path, { key })).status).toBe(status);
    expect(logLines().at(-1)).toMatchObject({ degraded: ["key_object"] });
  }
  const me = await failing.call("/whoami", { key });
  expect(await me.json()).toMatchObject({ rate_limit_remaining: 0 });
  expect(logLines().at(-1)).toMatchObject({ route: "/whoami", degraded: ["key_object"] });
  atMs(65_001);
  expect((await failing.call(path, { key })).status).toBe(503);
});

test("an isolate that counts by itself enforces the latest limit that it knows", async () => {
  const { key, keyId } = await limited.create(100, 3_600);
  let fails = false;
  const alone = createIsolate(failingIf(() => fails));
  await alone.call(path, { key });
  await limited.edit(keyId, { limit: 1, period_seconds: 3_600 });
  atMs(5_000);
  expect(quotaIn(await alone.call(path, { key }))).toMatchObject({ q: 1 });
  fails = true;
  const refused = await alone.call(path, { key });
  expect([refused.status, quotaIn(refused)]).toEqual([429, { q: 1, w: 3_600, r: 0, t: 3_600 }]);
});

test("a bucket that was stored without grants is used as it is", async () => {
  const { key, keyId } = await limited.create(10, 3_600);
  await runInDurableObject(env.API_KEY.getByName(keyId), (_, state) =>
    state.storage.kv.put("bucket", { level: 4 * 3_600_000, at: NOW }),
  );
  const statuses: number[] = [];
  for (let i = 0; i < 5; i += 1) statuses.push((await limited.operator.call(path, { key })).status);
  expect(statuses).toEqual([200, 200, 200, 200, 429]);
});

test("a refusal writes nothing", async () => {
  const { key, keyId } = await limited.create(1, 3_600);
  const kept = async () =>
    await runInDurableObject(env.API_KEY.getByName(keyId), (_, state) => state.storage.kv.get("bucket"));
  await limited.operator.call(path, { key });
  const before = await kept();
  atMs(10_000);
  expect((await createIsolate().call(path, { key })).status).toBe(429);
  expect(await kept()).toEqual(before);
});

test("one call that is a little early for a slow limit is held; others are refused", async () => {
  const { key } = await limited.create(1, 60);
  expect((await limited.operator.call(path, { key })).status).toBe(200);
  atMs(59_800);
  const wait = vi.spyOn(scheduler, "wait").mockImplementation(async (ms) => {
    await pause(20);
    advanceMs(ms);
  });
  const isolates = [createIsolate(), createIsolate(), createIsolate()];
  const answers = await Promise.all(isolates.map(async (isolate) => await isolate.call(path, { key })));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 429, 429]);
  expect(wait.mock.calls.filter(([ms]) => ms === 200)).toHaveLength(1);
  expect((await createIsolate().call(path, { key })).status).toBe(429);
  atMs(119_900);
  expect((await createIsolate().call(path, { key })).status).toBe(200);
});

test("a held call is refused if its key is revoked meanwhile", async () => {
  const { key, keyId } = await limited.create(1, 60);
  await limited.operator.call(path, { key });
  atMs(59_800);
  vi.spyOn(scheduler, "wait").mockImplementation(async (ms) => {
    await limited.operator.admin("DELETE", `/admin/keys/${keyId}`);
    advanceMs(ms);
  });
  const answer = await createIsolate().call(path, { key });
  expect([answer.status, (await answer.json<Json>())["error_type"]]).toEqual([401, "revoked_key"]);
});
