/** Calls that wait for the tokens that another call of the isolate has requested. */
import { beforeEach, expect, test, vi } from "vitest";
import { NOW, useClock } from "../support/clock.ts";
import { createIsolate } from "../support/deployment.ts";
import { keyObjects } from "../support/key-object.ts";
import { callEvery, useLimitedKeys } from "../support/limited-keys.ts";
import { useIdleObjects } from "../support/settle.ts";
import { deferred } from "../support/upstream.ts";

useIdleObjects();

const { advanceMs } = useClock();
const limited = useLimitedKeys();
const { path } = limited;

// A waiting call has a timeout. It must not end while a test holds the object back, so timers stand still.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: NOW });
});

test("calls wait for a prefetch that is under way instead of each asking the object", async () => {
  const { key } = await limited.create(64_000, 86_400);
  const gate = deferred<undefined>();
  let slow = false;
  let asked = 0;
  const edge = createIsolate(
    keyObjects(async (ask) => {
      asked += 1;
      const answer = await ask();
      if (slow) await gate.promise;
      // The object is far away, by the clock.
      advanceMs(100);
      return answer;
    }),
  );
  await callEvery(5, 60, async () => await edge.call(path, { key }), advanceMs);
  await scheduler.wait(20);
  slow = true;
  asked = 0;
  // They use up what the isolate holds, and it prefetches more.
  const answers = Array.from({ length: 60 }, () => edge.call(path, { key }));
  await scheduler.wait(20);
  expect(asked).toBe(1);
  gate.resolve(undefined);
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(60).fill(200));
  expect(asked).toBeLessThan(4);
});

test("calls that wait for a prefetch are refused without asking if it finds no token", async () => {
  const { key } = await limited.create(6_000, 60);
  const gate = deferred<undefined>();
  let slow = false;
  let asked = 0;
  const edge = createIsolate(
    keyObjects(async (ask) => {
      asked += 1;
      if (slow) await gate.promise;
      const { record, tokens } = await ask();
      // Other isolates have taken all.
      if (slow) return { record, tokens: { ...tokens, grant: null, level: 0 } };
      advanceMs(5);
      return { record, tokens };
    }),
  );
  await callEvery(5, 40, async () => await edge.call(path, { key }), advanceMs);
  await scheduler.wait(20);
  slow = true;
  asked = 0;
  const answers = Array.from({ length: 60 }, () => edge.call(path, { key }));
  await scheduler.wait(20);
  // Those for which the prefetch will not be enough have asked.
  const before = asked;
  gate.resolve(undefined);
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
  expect(asked).toBe(before);
});

test("a call that waited for a prefetch is refused if its key was revoked meanwhile", async () => {
  const { key } = await limited.create(6_000, 60);
  const gate = deferred<undefined>();
  let slow = false;
  const edge = createIsolate(
    keyObjects(async (ask) => {
      if (slow) await gate.promise;
      const { record, tokens } = await ask();
      if (slow) return { record: { ...record, revoked_at: new Date(NOW).toISOString() }, tokens };
      advanceMs(5);
      return { record, tokens };
    }),
  );
  await callEvery(5, 40, async () => await edge.call(path, { key }), advanceMs);
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
