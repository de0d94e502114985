/** Requests of an isolate that need the same work at the same time. The test answers for whoever does it. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SharedWork } from "../../src/platform/shared-work.ts";
import { NOW } from "../support/clock.ts";
import { useIdleObjects } from "../support/settle.ts";

useIdleObjects();

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

const TIMEOUT_MS = 1_000;

/** Requests that share work of one name, whose leaders are answered by hand. */
function createShared() {
  const shared = new SharedWork<string>();
  const leaders: PromiseWithResolvers<string>[] = [];
  const background: Promise<unknown>[] = [];
  const options = {
    timeoutMs: TIMEOUT_MS,
    waitUntil: (work: Promise<unknown>) => void background.push(work),
    now: Date.now,
  };
  const need = async (name = "name") =>
    await shared.run(name, options, async () => {
      const leader = Promise.withResolvers<string>();
      leaders.push(leader);
      return await leader.promise;
    });
  return {
    leaders,
    background,
    need,
    /** Each with its result, or what it failed with. */
    needMany: async (count: number) =>
      await Promise.all(
        Array.from({ length: count }, async () => await need().catch((error: Error) => error.message)),
      ),
  };
}

const DOWN = new Error("down");

test("of requests that come at once, one does the work, and all have its result", async () => {
  const { leaders, needMany, need, background } = createShared();
  const results = needMany(300);
  leaders[0]?.resolve("done");
  expect(await results).toEqual(Array(300).fill("done"));
  expect(leaders).toHaveLength(1);
  // The work outlives the request that does it, and no timer outlives a request.
  expect(background).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
  void need();
  expect(leaders).toHaveLength(2);
});

test("work of another name is not waited for", async () => {
  const { leaders, need } = createShared();
  void need("hangs");
  const other = need("other");
  leaders[1]?.resolve("done");
  expect(await other).toBe("done");
});

test("if the leader fails soon, one other does the work again, for all", async () => {
  const { leaders, need, needMany, background } = createShared();
  const leader = need();
  const others = needMany(20);
  leaders[0]?.reject(DOWN);
  await expect(leader).rejects.toThrow(DOWN);
  await vi.advanceTimersByTimeAsync(0);
  expect(leaders).toHaveLength(2);
  leaders[1]?.resolve("done");
  expect(await others).toEqual(Array(20).fill("done"));
  await expect(Promise.all(background)).resolves.toBeDefined();
});

test("work that fails twice is not done a third time", async () => {
  const { leaders, needMany } = createShared();
  const results = needMany(20);
  leaders[0]?.reject(DOWN);
  await vi.advanceTimersByTimeAsync(0);
  leaders[1]?.reject(DOWN);
  expect(await results).toEqual(Array(20).fill("down"));
  expect(leaders).toHaveLength(2);
});

test("work that took half of its timeout to fail is not done again", async () => {
  const { leaders, needMany } = createShared();
  const results = needMany(20);
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS / 2);
  leaders[0]?.reject(DOWN);
  expect(await results).toEqual(Array(20).fill("down"));
  expect(leaders).toHaveLength(1);
});

test("a request that came late does the work again, however long its leader took to fail", async () => {
  const { leaders, need } = createShared();
  const leader = need().catch(() => "failed");
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 1);
  const late = need();
  leaders[0]?.reject(DOWN);
  expect(await leader).toBe("failed");
  await vi.advanceTimersByTimeAsync(0);
  leaders[1]?.resolve("done");
  expect(await late).toBe("done");
});

test("if the leader ends without a word, one other does the work after the timeout, for all", async () => {
  const { leaders, need, needMany } = createShared();
  void need();
  const others = needMany(20);
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 1);
  expect(leaders).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(leaders).toHaveLength(2);
  leaders[1]?.resolve("done");
  expect(await others).toEqual(Array(20).fill("done"));
});

test("requests wait for twice the timeout at most, even if all leaders end without a word", async () => {
  const { leaders, need, needMany } = createShared();
  void need();
  void need();
  const others = needMany(20);
  await vi.advanceTimersByTimeAsync(2 * TIMEOUT_MS);
  expect(await others).toEqual(Array(20).fill("no result within 1000 ms"));
  expect(leaders).toHaveLength(2);
});

test("nobody waits for a leader that must have ended, or one from before the clock went back", async () => {
  const { leaders, need } = createShared();
  void need();
  vi.setSystemTime(NOW + TIMEOUT_MS);
  void need();
  expect(leaders).toHaveLength(2);
  vi.setSystemTime(NOW);
  void need();
  expect(leaders).toHaveLength(3);
});

test("a leader that ends late does not end its successor, and those who wait for it are answered", async () => {
  const { leaders, need } = createShared();
  const first = need();
  vi.setSystemTime(NOW + TIMEOUT_MS);
  const second = need();
  leaders[0]?.resolve("late");
  expect(await first).toBe("late");
  const third = need();
  expect(leaders).toHaveLength(2);
  leaders[1]?.resolve("done");
  expect(await Promise.all([second, third])).toEqual(["done", "done"]);
});

test("requests beyond a thousand share the work of another leader", async () => {
  const { leaders, need, needMany } = createShared();
  void need();
  const others = needMany(1_010);
  await vi.advanceTimersByTimeAsync(0);
  expect(leaders).toHaveLength(2);
  for (const leader of leaders) leader.resolve("done");
  expect(new Set(await others)).toEqual(new Set(["done"]));
});
