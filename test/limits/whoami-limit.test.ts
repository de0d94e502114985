/** What `/whoami` says of a key's rate limit, without taking a token. */
import { expect, test } from "vitest";
import type { Json } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { keyObjects } from "../support/key-object.ts";
import { useLimitedKeys } from "../support/limited-keys.ts";
import { quotaIn } from "../support/quota.ts";

const { atMs } = useClock();
const limited = useLimitedKeys();
const { path } = limited;

test("whoami takes no token, and says how many are left if the key has a limit", async () => {
  const { key } = await limited.create(3, 60);
  await limited.operator.call(path, { key });
  for (const _ of [1, 2]) {
    const answer = await createIsolate().call("/whoami", { key });
    expect(await answer.json()).toMatchObject({
      rate_limit: { limit: 3, period_seconds: 60 },
      rate_limit_remaining: 2,
    });
    expect(quotaIn(answer)).toMatchObject({ r: 2 });
  }
  const { key: free } = await createKey(limited.operator, ["organizations:read"]);
  const answer = await limited.operator.call("/whoami", { key: free });
  expect(await answer.json()).toMatchObject({ rate_limit: null, rate_limit_remaining: null });
  expect(answer.headers.has("RateLimit")).toBe(false);
});

test("a flood of whoami calls asks the key's object once a second", async () => {
  const { key } = await limited.create(100, 3_600);
  const edge = createIsolate();
  for (let i = 0; i < 20; i += 1)
    expect(quotaIn(await edge.call("/whoami", { key }))).toMatchObject({ r: 100 });
  expect(edge.counts.objects["lease"]).toBe(1);
  atMs(1_000);
  for (let i = 0; i < 20; i += 1) await edge.call("/whoami", { key });
  expect(edge.counts.objects["lease"]).toBe(2);
});

test("whoami says what the isolate knows, and logs it, while the key's object fails", async () => {
  const { key } = await limited.create(3, 60);
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
    atMs(ms);
    const answer = await edge.call("/whoami", { key });
    // Other isolates may have taken it.
    expect(await answer.json()).toMatchObject({ rate_limit_remaining: 0 });
    expect(logLines().at(-1)).toMatchObject({ status: 200, degraded: ["key_object"] });
    expect(asked).toBe(questions);
  }
});

test("whoami says nothing about a limit that has been lifted", async () => {
  const { key, keyId } = await limited.create(100, 3_600);
  const edge = createIsolate();
  await edge.call("/whoami", { key });
  await limited.edit(keyId, null);
  atMs(1_000);
  const answer = await edge.call("/whoami", { key });
  expect((await answer.json<Json>())["rate_limit_remaining"]).toBeNull();
  expect(answer.headers.has("RateLimit")).toBe(false);
});
