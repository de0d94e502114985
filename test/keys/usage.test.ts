/** The usage of a key, as the admin API returns it. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { holdCallTimeout } from "../support/call-timeouts.ts";
import { NOW, useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { objectsThat } from "../support/fakes.ts";
import { keyObjects } from "../support/key-object.ts";
import { NO_TOKEN_REQUEST } from "../support/record.ts";
import { setUpOrganization } from "../support/setup.ts";
import { publicHour } from "../support/usage.ts";

const HOUR_MS = 3_600_000;
const HOUR = NOW / HOUR_MS;

const { at, atMs, advanceMs } = useClock();

let operator: TestIsolate;
let edge: TestIsolate;
let key: string;
let keyId: string;
let path: string;

beforeEach(async () => {
  ({ isolate: operator, key, keyId, path } = await setUpOrganization());
  edge = createIsolate();
});

const usage = async (query = "") =>
  await (await operator.admin("GET", `/admin/keys/${keyId}/usage${query}`)).json();
const hourText = (ms: number) => new Date(ms).toISOString().replace(".000Z", "Z");

test("calls are counted by the hour, and reported within two leases", async () => {
  for (let i = 0; i < 7; i += 1) await edge.call(path, { key });
  at(5);
  await edge.call(path, { key });
  expect(await usage()).toEqual({
    key_id: keyId,
    hours: [publicHour(hourText(NOW), { requests: 7, hits: 6, misses: 1 })],
  });
  atMs(HOUR_MS);
  await edge.call(path, { key });
  atMs(HOUR_MS + 5_000);
  await createIsolate().call(path, { key });
  await edge.call(path, { key });
  expect(await usage()).toEqual({
    key_id: keyId,
    hours: [
      publicHour(hourText(NOW), { requests: 8, hits: 7, misses: 1 }),
      publicHour(hourText(NOW + HOUR_MS), { requests: 1, misses: 1 }),
    ],
  });
  expect(await usage("?hours=1")).toMatchObject({ hours: [{ hour: hourText(NOW + HOUR_MS) }] });
});

test("a hundred calls in one lease make no object call, and so no write", async () => {
  await edge.call(path, { key });
  edge.resetCounts();
  for (let i = 0; i < 100; i += 1) await edge.call(path, { key });
  expect(edge.counts.objects).toEqual({});
  at(2.5);
  await edge.call(path, { key });
  expect(edge.counts.objects).toEqual({ updatesSince: 1 });
  expect(await usage()).toMatchObject({ hours: [] });
  at(4);
  await edge.call(path, { key });
  expect(edge.counts.objects).toEqual({ lease: 1, updatesSince: 1 });
  // The call whose renewal carries the report is counted in the next report.
  expect(await usage()).toMatchObject({ hours: [{ requests: 102 }] });
});

test("usage is reported within two leases, however far apart the calls are", async () => {
  const every = (ms: number) => Array.from({ length: Math.ceil(10_000 / ms) - 1 }, (_, i) => (i + 1) * ms);
  for (const times of [
    ...[700, 2_400, 2_600, 3_749, 4_999, 5_001].map(every),
    [3_700, 6_100],
    [3_749, 6_248],
    [2_500, 4_999, 7_498],
  ]) {
    const issued = await createKey(operator, ["organizations:read"]);
    const isolate = createIsolate();
    await isolate.call(path, { key: issued.key });
    let elapsedMs = 0;
    for (const ms of times) {
      advanceMs(ms - elapsedMs);
      elapsedMs = ms;
      await isolate.call(path, { key: issued.key });
    }
    const response = await operator.admin("GET", `/admin/keys/${issued.keyId}/usage`);
    const { hours } = await response.json<{ hours: { requests: number }[] }>();
    const requests = hours.reduce((sum, hour) => sum + hour.requests, 0);
    expect(requests, `calls at ${times}`).toBeGreaterThan(0);
  }
});

test("refused calls of a genuine key are counted, and whoami and forged keys are not", async () => {
  await edge.call("/v1/b2b/organizations/members/dangerously_get/m", { key });
  await edge.call("/v1/b2b/organizations/%2F", { key });
  await edge.call("/whoami", { key });
  await edge.call(path, { key: key.slice(0, -1) });
  at(5);
  await edge.call("/whoami", { key });
  expect(await usage()).toMatchObject({ hours: [{ requests: 2 }] });
});

test("a report that fails is sent again with the next lease", async () => {
  let isDown = false;
  const isolate = createIsolate({ API_KEY: objectsThat.failIf(env.API_KEY, () => isDown) });
  for (let i = 0; i < 3; i += 1) await isolate.call(path, { key });
  isDown = true;
  at(5);
  await isolate.call(path, { key });
  isDown = false;
  at(6.5);
  await isolate.call(path, { key });
  expect(await usage()).toMatchObject({ hours: [{ requests: 3 }] });
  at(11.5);
  await isolate.call(path, { key });
  expect(await usage()).toMatchObject({ hours: [{ requests: 5 }] });
});

test("a report that is counted, but acknowledged too late, is not counted twice", async () => {
  const isolate = createIsolate(
    keyObjects(async (askObject, [report]) => {
      if (report === null) return await askObject();
      const expire = holdCallTimeout();
      const response = await askObject();
      expire();
      await scheduler.wait(10);
      return response;
    }),
  );
  for (let i = 0; i < 4; i += 1) await isolate.call(path, { key });
  at(5);
  // The response comes too late, so the lease is in its grace time; the report has been counted.
  await isolate.call(path, { key });
  at(5.001);
  await isolate.call(path, { key });
  expect(await usage()).toMatchObject({ hours: [{ requests: 4 }] });
});

test("the calls of a key that an isolate no longer sees are reported by other traffic", async () => {
  const other = await createKey(operator, ["organizations:read"]);
  for (let i = 0; i < 7; i += 1) await edge.call(path, { key });
  at(7.999);
  await edge.call(path, { key: other.key });
  expect(await usage()).toMatchObject({ hours: [] });
  at(8);
  await edge.call(path, { key: other.key });
  expect(await usage()).toMatchObject({ hours: [{ requests: 7 }] });
});

test("report IDs are kept for the current and the previous hour, and counts for longer", async () => {
  for (const hour of [0, 1, 2, 3]) {
    for (const ms of [0, 5_000]) {
      atMs(hour * HOUR_MS + ms);
      await edge.call(path, { key });
    }
  }
  const rows = await runInDurableObject(env.API_KEY.getByName(keyId), (_, state) =>
    [...state.storage.kv.list<{ requests: number }>({ prefix: "usage:" })].map(([, row]) => row),
  );
  expect(rows.map((row) => "reports" in row)).toEqual([false, false, true, true]);
  expect(rows.every(({ requests }) => requests > 0)).toBe(true);
});

/** The rows of usage that the object has stored. */
const storedRequests = async () =>
  await runInDurableObject(env.API_KEY.getByName(keyId), (_, state) =>
    [...state.storage.kv.list<{ requests: number }>({ prefix: "usage:" })].map(([, row]) => row.requests),
  );

test("reports that follow each other closely are stored together, and can be read before", async () => {
  const object = env.API_KEY.getByName(keyId);
  const counts = [{ hour: HOUR, requests: 1, rate_limited: 0 }];
  const report = async (id: string, fields = {}) =>
    (await object.lease({ id, counts, ...fields }, NO_TOKEN_REQUEST, null)).isUsageStored;
  expect(await report("a")).toBe(true);
  const answers: (boolean | undefined)[] = [];
  for (const seconds of [4, 8, 12, 16, 19]) {
    at(seconds);
    answers.push(await report(String(seconds)));
  }
  expect(answers).toEqual(Array(5).fill(false));
  expect(await storedRequests()).toEqual([1]);
  at(20);
  expect(await report("20")).toBe(true);
  expect(await storedRequests()).toEqual([7]);
  at(22);
  expect(await report("22")).toBe(false);
  expect(await usage()).toMatchObject({ hours: [{ requests: 8 }] });
  expect(await storedRequests()).toEqual([8]);
  // A report after a pause may be the last one for long.
  at(27);
  expect(await report("27")).toBe(true);
  at(28);
  expect(await report("28", { mustStore: true })).toBe(true);
  expect(await storedRequests()).toEqual([10]);
});

test("reports that an object has forgotten or stored are sent again, and counted once", async () => {
  const object = env.API_KEY.getByName(keyId);
  const one = (id: string) => ({ id, counts: [{ hour: HOUR, requests: 1, rate_limited: 0 }] });
  const send = async (id: string, earlier: string[] = []) =>
    (await object.lease({ ...one(id), earlier: earlier.map(one) }, NO_TOKEN_REQUEST, null)).isUsageStored;
  await send("a");
  at(1);
  expect(await send("b")).toBe(false);
  await evictDurableObject(object);
  at(2);
  expect(await send("c", ["a", "b"])).toBe(true);
  expect(await storedRequests()).toEqual([3]);
  expect(await send("d", ["a", "b", "c"])).toBe(false);
  expect(await send("d", ["a", "b", "c"])).toBe(false);
  expect(await usage()).toMatchObject({ hours: [{ requests: 4 }] });
});

test("counts are kept for 30 days", async () => {
  const object = env.API_KEY.getByName(keyId);
  for (const hoursAgo of [800, 720, 719, 1, 0]) {
    const counts = [{ hour: HOUR - hoursAgo, requests: 1, rate_limited: 0 }];
    await object.lease({ id: String(hoursAgo), counts, mustStore: true }, NO_TOKEN_REQUEST, null);
  }
  const rows = await runInDurableObject(object, (_, state) => [
    ...state.storage.kv.list({ prefix: "usage:" }),
  ]);
  expect(rows).toHaveLength(3);
  expect(await usage("?hours=720")).toMatchObject({ hours: { length: 3 } });
});

test.each(["hours=0", "hours=721", "hours=x", "hours=", "days=1"])(
  "usage with the query %s is refused with 400",
  async (query) => {
    expect((await operator.admin("GET", `/admin/keys/${keyId}/usage?${query}`)).status).toBe(400);
  },
);

test("a key that was never issued has no usage, and no report can add any", async () => {
  const report = { id: "r", counts: [{ hour: 1, requests: 1, rate_limited: 0 }] };
  await env.API_KEY.getByName("1111111111111111").lease(report, NO_TOKEN_REQUEST, null);
  expect((await operator.admin("GET", "/admin/keys/1111111111111111/usage")).status).toBe(404);
});
