/** Tokens that an isolate is granted along with its lease, and spends by itself. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { TokenResponse } from "../../src/limits/bucket-ledger.ts";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/guard.ts";
import { failingIf, keyObjects } from "../support/key-object.ts";
import { quotaIn } from "../support/quota.ts";
import { deferred, json, stubUpstream } from "../support/upstream.ts";

const NOW = 1_800_000_000_000;
const org = organization();
const path = `/v1/b2b/organizations/${org["organization_id"]}`;
const limited = async (limit: number, period_seconds: number) =>
  await createKey(operator, ["organizations:read"], { rate_limit: { limit, period_seconds } });

let operator: TestIsolate;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  stubUpstream(() => json(organizationEnvelope(org)));
  operator = createIsolate();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("tokens on a lease", () => {
  /** `calls` calls, `everyMs` apart. */
  async function callEvery(
    everyMs: number,
    calls: number,
    isolate: TestIsolate,
    key: string,
  ): Promise<Response[]> {
    const answers: Response[] = [];
    for (let i = 0; i < calls; i += 1) {
      answers.push(await isolate.call(path, { key }));
      vi.setSystemTime(Date.now() + everyMs);
    }
    return answers;
  }

  test("the first call in an isolate takes one along with the lease: two object calls, the purges among them", async () => {
    const { key } = await limited(600, 60);
    await operator.call(path, { key });
    const edge = createIsolate();
    expect(quotaIn(await edge.call(path, { key }))).toEqual({ q: 600, w: 60, r: 598, t: 1 });
    expect(edge.counts.objects).toEqual({ lease: 1, purgesSince: 1 });
  });

  test("at 100 calls a second an isolate asks less than once in ten calls, and tells exactly what is left", async () => {
    const { key } = await limited(12_000, 86_400);
    const edge = createIsolate();
    const answers = await callEvery(10, 300, edge, key);
    const left = answers.map((answer) => quotaIn(answer)["r"]);
    expect(left).toEqual(answers.map((_, index) => 11_999 - index));
    expect(edge.counts.objects["lease"]).toBeLessThan(30);
  });

  test("what is granted is spent in no other isolate, and what one says is left is never more than that", async () => {
    const { key } = await limited(64 * 5, 3_600);
    const isolates = Array.from({ length: 5 }, () => createIsolate());
    let admitted = 0;
    let refused = 0;
    for (let round = 0; round < 120; round += 1) {
      // Not in turn: some call often, some hardly ever, and one begins late.
      const isolate = isolates[[0, 0, 1, 0, 2, 3, 0, 1][round % 8] ?? 0] ?? operator;
      const burst = round < 60 ? 1 + (round % 5) : 4;
      for (let i = 0; i < burst; i += 1) {
        const answer = await isolate.call(path, { key });
        if (answer.status === 200) admitted += 1;
        else refused += 1;
        const { r } = quotaIn(answer);
        if (round > 8) expect(r).toBeLessThanOrEqual(320 - admitted);
      }
      vi.setSystemTime(Date.now() + 7);
    }
    expect(refused).toBeGreaterThan(0);
    expect(admitted).toBeLessThanOrEqual(320);
    expect(admitted).toBeGreaterThan(320 * 0.9);
  });

  test("are given back where calls become rare, and lost where they end", async () => {
    const { key } = await limited(6_400, 86_400);
    const edge = createIsolate();
    await callEvery(10, 100, edge, key);
    const left = async (isolate: TestIsolate) =>
      (await (await isolate.call("/whoami", { key })).json<Json>())["rate_limit_remaining"];
    // In hand here, and so not in the bucket.
    expect(await left(edge)).toBe(6_300);
    const inHand = 6_300 - Number(await left(createIsolate()));
    expect(inHand).toBeGreaterThan(50);
    vi.setSystemTime(Date.now() + 2_500);
    await edge.call(path, { key });
    expect(await left(createIsolate())).toBe(6_299);
    await callEvery(10, 100, edge, key);
    vi.setSystemTime(Date.now() + 6_000);
    const lost = 6_199 - Number(await left(createIsolate()));
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThanOrEqual(100);
  });

  test("are spent first while the key's object fails", async () => {
    const { key } = await limited(600, 86_400);
    let fails = false;
    const edge = createIsolate(failingIf(() => fails));
    await callEvery(10, 20, edge, key);
    fails = true;
    const before = logLines().length;
    expect((await edge.call(path, { key })).status).toBe(200);
    expect(logLines().slice(before)).toMatchObject([{ status: 200, key_id: expect.any(String) }]);
    expect(
      logLines()
        .slice(before)
        .some((line) => "degraded" in line),
    ).toBe(false);
    const answers = await callEvery(0, 600, edge, key);
    expect(answers.filter(({ status }) => status === 200).length).toBe(600 - 21);
    expect(answers.at(-1)?.status).toBe(429);
    expect(logLines().at(-1)).toMatchObject({ degraded: ["key_object"] });
  });

  test("a lifted limit lifts them, and one that is set anew begins with none in hand", async () => {
    const { key, keyId } = await limited(600, 60);
    const edge = createIsolate();
    await callEvery(10, 20, edge, key);
    await operator.admin("PATCH", `/admin/keys/${keyId}`, { rate_limit: null });
    vi.setSystemTime(Date.now() + 5_000);
    expect((await edge.call(path, { key })).headers.has("RateLimit")).toBe(false);
    await operator.admin("PATCH", `/admin/keys/${keyId}`, { rate_limit: { limit: 2, period_seconds: 60 } });
    vi.setSystemTime(Date.now() + 5_000);
    const statuses = (await callEvery(0, 3, edge, key)).map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  test("calls that come while more are on their way wait for them, rather than ask each for its own", async () => {
    const { key } = await limited(64_000, 86_400);
    const gate = deferred<undefined>();
    let slow = false;
    let asked = 0;
    const edge = createIsolate(
      keyObjects(async (ask) => {
        asked += 1;
        const answer = await ask();
        if (slow) await gate.promise;
        // An object that is far away, by the clock.
        vi.setSystemTime(Date.now() + 100);
        return answer;
      }),
    );
    await callEvery(5, 60, edge, key);
    await scheduler.wait(20);
    slow = true;
    asked = 0;
    // What is in hand goes, it asks for more, and others come.
    const answers = Array.from({ length: 60 }, () => edge.call(path, { key }));
    await scheduler.wait(20);
    expect(asked).toBe(1);
    gate.resolve(undefined);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(60).fill(200));
    expect(asked).toBeLessThan(4);
  });

  test("calls that wait for more are refused without a question of their own, where the answer is that there is none", async () => {
    const { key } = await limited(6_000, 60);
    const gate = deferred<undefined>();
    let slow = false;
    let asked = 0;
    const edge = createIsolate(
      keyObjects(async (ask) => {
        asked += 1;
        if (slow) await gate.promise;
        const { record, tokens } = await ask();
        // Others have taken all.
        if (slow) return { record, tokens: { ...tokens, grant: null, level: 0 } };
        vi.setSystemTime(Date.now() + 5);
        return { record, tokens };
      }),
    );
    await callEvery(5, 40, edge, key);
    await scheduler.wait(20);
    slow = true;
    asked = 0;
    const answers = Array.from({ length: 60 }, () => edge.call(path, { key }));
    await scheduler.wait(20);
    // Those for whom it will not be enough have asked.
    const before = asked;
    gate.resolve(undefined);
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
    expect(asked).toBe(before);
  });

  test("a call that waited for tokens is refused where the key has been revoked meanwhile", async () => {
    const { key } = await limited(6_000, 60);
    const gate = deferred<undefined>();
    let slow = false;
    const edge = createIsolate(
      keyObjects(async (ask) => {
        if (slow) await gate.promise;
        const { record, tokens } = await ask();
        if (slow) return { record: { ...record, revoked_at: new Date(NOW).toISOString() }, tokens };
        vi.setSystemTime(Date.now() + 5);
        return { record, tokens };
      }),
    );
    await callEvery(5, 40, edge, key);
    await scheduler.wait(20);
    slow = true;
    let isRevoked = false;
    const late: number[] = [];
    const calls = Array.from({ length: 60 }, async () => {
      const { status } = await edge.callUntilResponse(path, { key });
      if (isRevoked) late.push(status);
    });
    await scheduler.wait(20);
    isRevoked = true;
    gate.resolve(undefined);
    await Promise.all(calls);
    expect(late.length).toBeGreaterThan(0);
    expect(late.every((status) => status === 401)).toBe(true);
  });

  test("a call that the object refused takes what another's answer has brought meanwhile", async () => {
    const { key } = await limited(100, 100);
    const script: (() => Promise<Partial<TokenResponse>>)[] = [];
    const edge = createIsolate(
      keyObjects(async (ask) => {
        const { record, tokens } = await ask();
        return { record, tokens: { ...tokens, ...(await script.shift()?.()) } };
      }),
    );
    script.push(async () => ({ level: 0 }));
    await edge.call(path, { key });
    vi.setSystemTime(NOW + 2_000);
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

  test("of many calls at once, each takes its own", async () => {
    const { key } = await limited(1_000, 10);
    const edge = createIsolate();
    const answers = await Promise.all(Array.from({ length: 100 }, () => edge.call(path, { key })));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const { r } = quotaIn(await createIsolate().call("/whoami", { key }));
    expect(Number(r)).toBeLessThanOrEqual(900);
    expect(Number(r)).toBeGreaterThan(800);
  });
});
