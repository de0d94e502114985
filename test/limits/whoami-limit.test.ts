/** What `/whoami` says of a key's rate limit, without taking of it. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/guard.ts";
import { keyObjects } from "../support/key-object.ts";
import { quotaIn } from "../support/quota.ts";
import { json, stubUpstream } from "../support/upstream.ts";

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

const at = (ms: number) => vi.setSystemTime(NOW + ms);

test("whoami takes no token and says how many are left; without a limit it says nothing of one", async () => {
  const { key } = await limited(3, 60);
  await operator.call(path, { key });
  for (const _ of [1, 2]) {
    const answer = await createIsolate().call("/whoami", { key });
    expect(await answer.json()).toMatchObject({
      rate_limit: { limit: 3, period_seconds: 60 },
      rate_limit_remaining: 2,
    });
    expect(quotaIn(answer)).toMatchObject({ r: 2 });
  }
  const { key: free } = await createKey(operator, ["organizations:read"]);
  const answer = await operator.call("/whoami", { key: free });
  expect(await answer.json()).toMatchObject({ rate_limit: null, rate_limit_remaining: null });
  expect(answer.headers.has("RateLimit")).toBe(false);
});

test("a flood of whoami asks the key's object once a second", async () => {
  const { key } = await limited(100, 3_600);
  const edge = createIsolate();
  for (let i = 0; i < 20; i += 1)
    expect(quotaIn(await edge.call("/whoami", { key }))).toMatchObject({ r: 100 });
  expect(edge.counts.objects["lease"]).toBe(1);
  at(1_000);
  for (let i = 0; i < 20; i += 1) await edge.call("/whoami", { key });
  expect(edge.counts.objects["lease"]).toBe(2);
});

test("whoami says what is known of the limit while the key's object fails under a lease, and says so in the log", async () => {
  const { key } = await limited(3, 60);
  let fails = false;
  let asked = 0;
  const edge = createIsolate(
    keyObjects(async (ask) => {
      asked += 1;
      if (fails) throw new Error("unreachable");
      return await ask();
    }),
  );
  await edge.call(path, { key });
  fails = true;
  for (const [ms, questions] of [
    [1_000, 2],
    [6_000, 3],
  ] as const) {
    at(ms);
    const answer = await edge.call("/whoami", { key });
    // It may have been taken by others.
    expect(await answer.json()).toMatchObject({ rate_limit_remaining: 0 });
    expect(logLines().at(-1)).toMatchObject({ status: 200, degraded: ["key_object"] });
    expect(asked).toBe(questions);
  }
});

test("whoami says nothing of a limit that has been lifted", async () => {
  const { key, keyId } = await limited(100, 3_600);
  const edge = createIsolate();
  await edge.call("/whoami", { key });
  await operator.admin("PATCH", `/admin/keys/${keyId}`, { rate_limit: null });
  at(1_000);
  const answer = await edge.call("/whoami", { key });
  expect((await answer.json<Json>())["rate_limit_remaining"]).toBeNull();
  expect(answer.headers.has("RateLimit")).toBe(false);
});
