/** Writes of one key of KV, with fake timers. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { KvWriteQueue, type PendingWrite } from "../../../src/cache/object/kv-write-queue.ts";
import { logLines } from "../../support/guard.ts";
import { deferred } from "../../support/upstream.ts";

beforeEach(() => {
  vi.useFakeTimers();
  // Fake timers do not replace the scheduler.
  vi.spyOn(scheduler, "wait").mockImplementation(
    async (ms) => await new Promise((resolve) => setTimeout(resolve, ms)),
  );
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const pass = async (ms: number) => await vi.advanceTimersByTimeAsync(ms);

/** A write whose attempts have these outcomes; the last one repeats. */
function pendingWrite(...outcomes: (() => Promise<void>)[]) {
  let attempt = 0;
  const writing = vi.fn<PendingWrite["write"]>(async () => {
    const outcome = outcomes[Math.min(attempt, outcomes.length - 1)];
    attempt += 1;
    await outcome?.();
  });
  return { write: writing, done: vi.fn<PendingWrite["done"]>() };
}
const succeeds = async () => {};
const isRefused = async () => await Promise.reject(new Error("canary: 429 Too Many Requests"));
const hangs = async () => await new Promise<void>(() => {});

describe("a write", () => {
  test("a write is made once, at once, and its outcome is told before it resolves", async () => {
    const one = pendingWrite(succeeds);
    const writing = new KvWriteQueue().enqueue(one);
    expect(one.write).toHaveBeenCalledTimes(1);
    expect(one.done).not.toHaveBeenCalled();
    await writing;
    expect(one.write).toHaveBeenCalledTimes(1);
    expect(one.done.mock.calls).toEqual([[true]]);
    expect(scheduler.wait).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
    expect(logLines()).toEqual([]);
  });

  test("a write that fails is retried 1.1 s later, and its outcome told only then", async () => {
    const one = pendingWrite(isRefused, succeeds);
    const writing = new KvWriteQueue().enqueue(one);
    await pass(1_099);
    expect(one.write).toHaveBeenCalledTimes(1);
    expect(one.done).not.toHaveBeenCalled();
    await pass(1);
    expect(one.write).toHaveBeenCalledTimes(2);
    await writing;
    expect(one.done.mock.calls).toEqual([[true]]);
  });

  test("a write that fails three times is given up, and told as not written", async () => {
    const one = pendingWrite(isRefused);
    const writing = new KvWriteQueue().enqueue(one);
    await pass(2_199);
    expect(one.write).toHaveBeenCalledTimes(2);
    expect(one.done).not.toHaveBeenCalled();
    await pass(1);
    await writing;
    expect(one.write).toHaveBeenCalledTimes(3);
    expect(one.done.mock.calls).toEqual([[false]]);
    await pass(60_000);
    expect(one.write).toHaveBeenCalledTimes(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a write that succeeds at the third attempt is told as written", async () => {
    const one = pendingWrite(isRefused, isRefused, succeeds);
    const writing = new KvWriteQueue().enqueue(one);
    await pass(2_200);
    await writing;
    expect(one.done.mock.calls).toEqual([[true]]);
  });

  test("a write that throws synchronously counts as failed", async () => {
    const one = { write: vi.fn<PendingWrite["write"]>(), done: vi.fn<PendingWrite["done"]>() };
    one.write.mockImplementationOnce(() => {
      throw new Error("no namespace");
    });
    const writing = new KvWriteQueue().enqueue(one);
    await pass(1_100);
    await writing;
    expect(one.write).toHaveBeenCalledTimes(2);
    expect(one.done.mock.calls).toEqual([[true]]);
  });

  test("a write that fails often is logged once, without the message of the error", async () => {
    const writing = new KvWriteQueue().enqueue(pendingWrite(isRefused));
    await pass(2_200);
    await writing;
    expect(logLines()).toEqual([{ degraded: ["kv_write"], defect: expect.stringMatching(/^Error/) }]);
    expect(JSON.stringify(logLines())).not.toContain("canary");
  });

  test("a write that hangs fails after 5 s, and is given up after three attempts", async () => {
    const one = pendingWrite(hangs);
    const writing = new KvWriteQueue().enqueue(one);
    await pass(6_099);
    expect(one.write).toHaveBeenCalledTimes(1);
    await pass(1);
    expect(one.write).toHaveBeenCalledTimes(2);
    await pass(11_099);
    expect(one.write).toHaveBeenCalledTimes(3);
    expect(one.done).not.toHaveBeenCalled();
    await pass(1);
    await writing;
    expect(one.done.mock.calls).toEqual([[false]]);
    expect(logLines()).toMatchObject([{ defect: expect.stringMatching(/^TimeoutError/) }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a slow write that ends within 5 s is told as written", async () => {
    const gate = deferred<void>();
    const one = pendingWrite(async () => await gate.promise);
    const writing = new KvWriteQueue().enqueue(one);
    await pass(4_999);
    gate.resolve();
    await writing;
    expect(one.write).toHaveBeenCalledTimes(1);
    expect(one.done.mock.calls).toEqual([[true]]);
    expect(logLines()).toEqual([]);
  });

  test("a write that ends after it was given up is not told again", async () => {
    const gate = deferred<void>();
    const one = pendingWrite(async () => await gate.promise, isRefused);
    const writing = new KvWriteQueue().enqueue(one);
    await pass(5_000 + 3 * 1_100);
    await writing;
    gate.resolve();
    await pass(10_000);
    expect(one.done.mock.calls).toEqual([[false]]);
  });
});

describe("writes that come during another write", () => {
  test("only the latest waiting write is made; the others are told nothing", async () => {
    const queue = new KvWriteQueue();
    const gate = deferred<void>();
    const [first, passed, last] = [
      pendingWrite(async () => await gate.promise),
      pendingWrite(succeeds),
      pendingWrite(succeeds),
    ];
    const writing = queue.enqueue(first);
    await queue.enqueue(passed);
    await queue.enqueue(last);
    await pass(1_000);
    expect(last.write).not.toHaveBeenCalled();
    gate.resolve();
    await writing;
    expect(first.done.mock.calls).toEqual([[true]]);
    expect(passed.write).not.toHaveBeenCalled();
    expect(passed.done).not.toHaveBeenCalled();
    expect(last.write).toHaveBeenCalledTimes(1);
    expect(last.done.mock.calls).toEqual([[true]]);
  });

  test("a waiting write replaces one that fails, which is neither retried nor told", async () => {
    const queue = new KvWriteQueue();
    const gate = deferred<void>();
    const first = pendingWrite(async () => await gate.promise);
    const second = pendingWrite(succeeds);
    const writing = queue.enqueue(first);
    await queue.enqueue(second);
    gate.reject(new Error("429"));
    // KV counts the write that it isRefused.
    await pass(1_099);
    expect(second.write).not.toHaveBeenCalled();
    await pass(1);
    await writing;
    expect(first.write).toHaveBeenCalledTimes(1);
    expect(first.done).not.toHaveBeenCalled();
    expect(second.done.mock.calls).toEqual([[true]]);
  });

  test("a write that comes during the pause before a retry replaces the retry", async () => {
    const queue = new KvWriteQueue();
    const [first, second] = [pendingWrite(isRefused, succeeds), pendingWrite(succeeds)];
    const writing = queue.enqueue(first);
    await pass(500);
    await queue.enqueue(second);
    expect(second.write).not.toHaveBeenCalled();
    await pass(600);
    await writing;
    expect(first.write).toHaveBeenCalledTimes(1);
    expect(first.done).not.toHaveBeenCalled();
    expect(second.done.mock.calls).toEqual([[true]]);
  });

  test("a write that comes during a last attempt has three attempts of its own", async () => {
    const queue = new KvWriteQueue();
    const gate = deferred<void>();
    const first = pendingWrite(isRefused, isRefused, async () => await gate.promise);
    const second = pendingWrite(isRefused);
    const writing = queue.enqueue(first);
    await pass(2_200);
    expect(first.write).toHaveBeenCalledTimes(3);
    await queue.enqueue(second);
    gate.reject(new Error("429"));
    await pass(0);
    expect(second.write).toHaveBeenCalledTimes(1);
    await pass(2_200);
    await writing;
    expect(second.write).toHaveBeenCalledTimes(3);
    expect(first.done).not.toHaveBeenCalled();
    expect(second.done.mock.calls).toEqual([[false]]);
    expect(logLines()).toHaveLength(2);
  });

  test("a write waits at most 5 s and one pause for a write that hangs", async () => {
    const queue = new KvWriteQueue();
    const [first, second] = [pendingWrite(hangs), pendingWrite(succeeds)];
    const writing = queue.enqueue(first);
    await queue.enqueue(second);
    await pass(4_999);
    expect(second.write).not.toHaveBeenCalled();
    await pass(1_101);
    await writing;
    expect(second.write).toHaveBeenCalledTimes(1);
    expect(first.done).not.toHaveBeenCalled();
  });

  test("a write that is enqueued by the outcome of another one is made as well", async () => {
    const queue = new KvWriteQueue();
    const second = pendingWrite(succeeds);
    const first = pendingWrite(succeeds);
    first.done.mockImplementation(() => void queue.enqueue(second));
    await queue.enqueue(first);
    expect(second.done.mock.calls).toEqual([[true]]);
    expect(first.write).toHaveBeenCalledTimes(1);
  });
});

test("a queue that has given up, or is done, takes the next write", async () => {
  const queue = new KvWriteQueue();
  const lost = queue.enqueue(pendingWrite(isRefused));
  await pass(2_200);
  await lost;
  for (let i = 0; i < 2; i += 1) {
    const next = pendingWrite(succeeds);
    await queue.enqueue(next);
    expect(next.done.mock.calls).toEqual([[true]]);
  }
});

test("two queues do not wait for each other", async () => {
  void new KvWriteQueue().enqueue(pendingWrite(hangs));
  const other = pendingWrite(succeeds);
  await new KvWriteQueue().enqueue(other);
  expect(other.done.mock.calls).toEqual([[true]]);
});

/** How an attempt ends: after so many ms, or never. */
const outcome = fc.record({
  kind: fc.constantFrom("succeeds", "isRefused", "hangs"),
  ms: fc.integer({ min: 0, max: 4_999 }),
});
const given = fc.array(
  fc.record({
    gap: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 8_000 })),
    outcomes: fc.array(outcome, { minLength: 3, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 6 },
);

test("any writes are made one at a time and in order, and are told truly and once", async () => {
  await fc.assert(
    fc.asyncProperty(given, async (writes) => {
      const queue = new KvWriteQueue();
      /** Whose attempts, and how many others were under way. */
      const attempts: { of: number; beside: number }[] = [];
      const written = new Set<number>();
      const told: [number, boolean][] = [];
      const rejected = vi.fn<(error: unknown) => void>();
      let underWay = 0;
      for (const [of, { gap, outcomes }] of writes.entries()) {
        await pass(gap);
        const left = [...outcomes];
        const writing = async () => {
          const { kind, ms } = left.shift() ?? { kind: "succeeds", ms: 0 };
          attempts.push({ of, beside: underWay });
          underWay += 1;
          // One that hangs is left to itself after 5 s.
          await new Promise((resolve) => setTimeout(resolve, kind === "hangs" ? 5_000 : ms));
          underWay -= 1;
          if (kind === "hangs") await hangs();
          if (kind === "isRefused") throw new Error("429");
          written.add(of);
        };
        queue.enqueue({ write: writing, done: (end) => void told.push([of, end]) }).catch(rejected);
      }
      await pass(60_000);
      expect(rejected).not.toHaveBeenCalled();
      // The queue is idle: it takes the next write at once.
      const next = pendingWrite(succeeds);
      const over = queue.enqueue(next);
      expect(next.write).toHaveBeenCalledTimes(1);
      await over;
      expect(next.done.mock.calls).toEqual([[true]]);
      expect(vi.getTimerCount()).toBe(0);
      const order = attempts.map(({ of }) => of);
      expect(order).toEqual([...order].sort((a, b) => a - b));
      expect(attempts.filter(({ beside }) => beside > 0)).toEqual([]);
      for (const of of writes.keys()) expect(order.filter((one) => one === of).length).toBeLessThanOrEqual(3);
      expect(new Set(told.map(([of]) => of)).size).toBe(told.length);
      for (const [of, end] of told) {
        expect(end).toBe(written.has(of));
        if (!end) expect(order.filter((one) => one === of)).toHaveLength(3);
      }
      expect(told.at(-1)?.[0]).toBe(writes.length - 1);
    }),
    { numRuns: 50 },
  );
});

test("a queue whose outcome callback throws takes the next write all the same", async () => {
  const queue = new KvWriteQueue();
  const write_ = vi.fn<() => Promise<void>>(async () => {});
  const told = queue.enqueue({
    write: write_,
    done: () => {
      throw new Error("the storage fails");
    },
  });
  await expect(told).rejects.toThrow("the storage fails");
  expect(write_).toHaveBeenCalledTimes(1);
  const done = vi.fn<(written: boolean) => void>();
  await queue.enqueue({ write: async () => {}, done });
  expect(done.mock.calls).toEqual([[true]]);
});
