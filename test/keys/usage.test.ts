import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PendingUsage } from "../../src/keys/usage.ts";
import { organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { type LeaseQuestion, NO_ASK } from "../support/record.ts";
import { json, stubUpstream } from "../support/upstream.ts";

const HOUR = 3_600_000;
const NOW = Math.floor(1_800_000_000_000 / HOUR) * HOUR;
const org = organization();
const path = `/v1/b2b/organizations/${org["organization_id"]}`;

let operator: TestIsolate;
let edge: TestIsolate;
let key: string;
let keyId: string;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  stubUpstream(() => json(organizationEnvelope(org)));
  operator = createIsolate();
  edge = createIsolate();
  ({ key, keyId } = await createKey(operator, ["organizations:read"]));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const usage = async (query = "") =>
  await (await operator.admin("GET", `/admin/keys/${keyId}/usage${query}`)).json();
const text = (ms: number) => new Date(ms).toISOString().replace(".000Z", "Z");

test("calls are counted by the hour, and known within two leases while the key is in use", async () => {
  for (let i = 0; i < 7; i += 1) await edge.call(path, { key });
  vi.setSystemTime(NOW + 5_000);
  await edge.call(path, { key });
  expect(await usage()).toEqual({
    key_id: keyId,
    hours: [{ hour: text(NOW), requests: 7, rate_limited: 0 }],
  });
  vi.setSystemTime(NOW + HOUR);
  await edge.call(path, { key });
  vi.setSystemTime(NOW + HOUR + 5_000);
  await createIsolate().call(path, { key });
  await edge.call(path, { key });
  expect(await usage()).toEqual({
    key_id: keyId,
    hours: [
      { hour: text(NOW), requests: 8, rate_limited: 0 },
      { hour: text(NOW + HOUR), requests: 1, rate_limited: 0 },
    ],
  });
  expect(await usage("?hours=1")).toMatchObject({ hours: [{ hour: text(NOW + HOUR) }] });
});

test("a hundred calls under one lease cost no object call, and so no write", async () => {
  await edge.call(path, { key });
  edge.resetCounts();
  for (let i = 0; i < 100; i += 1) await edge.call(path, { key });
  expect(edge.counts.objects).toEqual({});
  vi.setSystemTime(NOW + 2_500);
  await edge.call(path, { key });
  expect(edge.counts.objects).toEqual({ lease: 1, purgesSince: 1 });
  // A report is a write: there is none with each question.
  expect(await usage()).toMatchObject({ hours: [] });
  vi.setSystemTime(NOW + 5_000);
  await edge.call(path, { key });
  // The call whose answer it goes behind is counted with the next.
  expect(await usage()).toMatchObject({ hours: [{ requests: 102 }] });
});

test("what tells reports apart is kept for this hour and the one before, and the counts of all", async () => {
  for (const hour of [0, 1, 2, 3]) {
    for (const ms of [0, 5_000]) {
      vi.setSystemTime(NOW + hour * 3_600_000 + ms);
      await edge.call(path, { key });
    }
  }
  const rows = await runInDurableObject(env.API_KEY.getByName(keyId), (_, state) =>
    [...state.storage.kv.list<{ requests: number }>({ prefix: "usage:" })].map(([, row]) => row),
  );
  expect(rows.map((row) => "reports" in row)).toEqual([false, false, true, true]);
  expect(rows.every(({ requests }) => requests > 0)).toBe(true);
});

test("usage is complete within two leases of the calls, however far apart the key's next ones are", async () => {
  const every = (ms: number) => Array.from({ length: Math.ceil(10_000 / ms) - 1 }, (_, i) => (i + 1) * ms);
  for (const times of [
    ...[700, 2_400, 2_600, 3_749, 4_999, 5_001].map(every),
    [3_700, 6_100],
    [3_749, 6_248],
    [2_500, 4_999, 7_498],
  ]) {
    const began = Date.now();
    const issued = await createKey(operator, ["organizations:read"]);
    const isolate = createIsolate();
    await isolate.call(path, { key: issued.key });
    for (const ms of times) {
      vi.setSystemTime(began + ms);
      await isolate.call(path, { key: issued.key });
    }
    const answer = await operator.admin("GET", `/admin/keys/${issued.keyId}/usage`);
    const { hours } = await answer.json<{ hours: { requests: number }[] }>();
    const counted = hours.reduce((sum, { requests }) => sum + requests, 0);
    expect(counted, `calls at ${times}`).toBeGreaterThan(0);
  }
});

test("refused calls of a genuine key count, whoami and forged keys do not", async () => {
  await edge.call("/v1/b2b/organizations/members/dangerously_get/m", { key });
  await edge.call("/v1/b2b/organizations/%2F", { key });
  await edge.call("/whoami", { key });
  await edge.call(path, { key: key.slice(0, -1) });
  vi.setSystemTime(NOW + 5_000);
  await edge.call("/whoami", { key });
  expect(await usage()).toMatchObject({ hours: [{ requests: 2 }] });
});

test("counts of a lease call that failed go with the next", async () => {
  let fails = false;
  const flaky = createIsolate({
    API_KEY: {
      getByName: (name: string) =>
        fails ? { lease: () => Promise.reject(new Error("unreachable")) } : env.API_KEY.getByName(name),
    },
  });
  for (let i = 0; i < 3; i += 1) await flaky.call(path, { key });
  fails = true;
  vi.setSystemTime(NOW + 5_000);
  await flaky.call(path, { key });
  fails = false;
  vi.setSystemTime(NOW + 6_500);
  await flaky.call(path, { key });
  expect(await usage()).toMatchObject({ hours: [{ requests: 3 }] });
  vi.setSystemTime(NOW + 11_500);
  await flaky.call(path, { key });
  expect(await usage()).toMatchObject({ hours: [{ requests: 5 }] });
});

test("hours are kept for 30 days", async () => {
  const object = env.API_KEY.getByName(keyId);
  const hour = NOW / HOUR;
  for (const ago of [800, 720, 719, 1, 0]) {
    await object.lease(
      { id: String(ago), counts: [{ hour: hour - ago, requests: 1, rate_limited: 0 }] },
      NO_ASK,
      null,
    );
  }
  const kept = await runInDurableObject(
    object,
    (_, state) => [...state.storage.kv.list({ prefix: "usage:" })].length,
  );
  expect(kept).toBe(3);
  expect(await usage("?hours=720")).toMatchObject({ hours: { length: 3 } });
});

test.each(["hours=0", "hours=721", "hours=x", "hours=", "days=1"])(
  "the query %s is refused",
  async (query) => {
    expect((await operator.admin("GET", `/admin/keys/${keyId}/usage?${query}`)).status).toBe(400);
  },
);

test("a key that was never issued has no usage, and gets none", async () => {
  const report = { id: "r", counts: [{ hour: 1, requests: 1, rate_limited: 0 }] };
  await env.API_KEY.getByName("1111111111111111").lease(report, NO_ASK, null);
  expect((await operator.admin("GET", "/admin/keys/1111111111111111/usage")).status).toBe(404);
});

/** A report is due as soon as there is a count. */
const noLease = { leaseSeconds: 0 };
const due = (pending: PendingUsage) => pending.nextReport("a", NOW);

test("a report goes unchanged until it has arrived, and what came meanwhile goes with the next", () => {
  const pending = new PendingUsage(noLease);
  expect(due(pending)).toBeNull();
  pending.count("a", NOW, true);
  const first = due(pending);
  pending.count("a", NOW + HOUR - 1, false);
  expect(due(pending)).toBe(first);
  expect(first?.counts).toEqual([{ hour: NOW / HOUR, requests: 1, rate_limited: 0 }]);
  if (first !== null) pending.acknowledge("a", first, NOW);
  const second = due(pending);
  expect(second?.counts).toEqual([{ hour: NOW / HOUR, requests: 0, rate_limited: 1 }]);
  expect(second?.id).not.toBe(first?.id);
  if (first !== null) pending.acknowledge("a", first, NOW);
  expect(due(pending)).toBe(second);
  if (second !== null) pending.acknowledge("a", second, NOW);
  expect(pending.size).toBe(0);
});

test("an isolate counts for 5,000 keys at most", () => {
  const pending = new PendingUsage(noLease);
  for (let i = 0; i < 6_000; i += 1) pending.count(String(i), NOW, true);
  expect(pending.size).toBe(5_000);
  expect(pending.nextReport("5999", NOW)?.counts).toHaveLength(1);
});

test("a lease call that counts but answers too late is not counted twice", async () => {
  const late = createIsolate({
    API_KEY: {
      getByName: (name: string) => ({
        lease: async (...question: LeaseQuestion) => {
          const answer = await env.API_KEY.getByName(name).lease(...question);
          if (question[0] !== null) await scheduler.wait(1_100);
          return answer;
        },
      }),
    },
  });
  for (let i = 0; i < 4; i += 1) await late.call(path, { key });
  vi.setSystemTime(NOW + 5_000);
  // The answer comes too late: grace. What it carried has been taken in.
  await late.call(path, { key });
  vi.setSystemTime(NOW + 5_001);
  await late.call(path, { key });
  expect(await usage()).toMatchObject({ hours: [{ requests: 4 }] });
});

test("what a key's traffic left in an isolate is reported by the traffic of others", async () => {
  const other = await createKey(operator, ["organizations:read"]);
  for (let i = 0; i < 7; i += 1) await edge.call(path, { key });
  vi.setSystemTime(NOW + 5_999);
  await edge.call(path, { key: other.key });
  expect(await usage()).toMatchObject({ hours: [] });
  vi.setSystemTime(NOW + 6_000);
  await edge.call(path, { key: other.key });
  expect(await usage()).toMatchObject({ hours: [{ requests: 7 }] });
});
