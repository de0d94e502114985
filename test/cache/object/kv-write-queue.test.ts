/** Writes of one key of KV, against a clock that is moved by hand. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  createKvWriteQueue,
  enqueueWrite,
  type PendingWrite,
} from "../../../src/cache/object/kv-write-queue.ts";
import { logLines } from "../../support/guard.ts";
import { deferred } from "../../support/upstream.ts";

beforeEach(() => {
  vi.useFakeTimers();
  // Which fake timers do not reach.
  vi.spyOn(scheduler, "wait").mockImplementation(
    async (ms) => await new Promise((resolve) => setTimeout(resolve, ms)),
  );
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const pass = async (ms: number) => await vi.advanceTimersByTimeAsync(ms);

/** A wish whose attempts end as given, the last of them for ever. */
function wish(...outcomes: (() => Promise<void>)[]) {
  let attempt = 0;
  const writing = vi.fn<PendingWrite["write"]>(async () => {
    const outcome = outcomes[Math.min(attempt, outcomes.length - 1)];
    attempt += 1;
    await outcome?.();
  });
  return { write: writing, done: vi.fn<PendingWrite["done"]>() };
}
const fine = async () => {};
const refused = async () => await Promise.reject(new Error("canary: 429 Too Many Requests"));
const hangs = async () => await new Promise<void>(() => {});

describe("a write", () => {
  test("is made once, at once, and its end is told before it is over", async () => {
    const one = wish(fine);
    const writing = enqueueWrite(createKvWriteQueue(), one);
    expect(one.write).toHaveBeenCalledTimes(1);
    expect(one.done).not.toHaveBeenCalled();
    await writing;
    expect(one.write).toHaveBeenCalledTimes(1);
    expect(one.done.mock.calls).toEqual([[true]]);
    expect(scheduler.wait).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
    expect(logLines()).toEqual([]);
  });

  test("that fails is made again 1.1 s later, and told of only then", async () => {
    const one = wish(refused, fine);
    const writing = enqueueWrite(createKvWriteQueue(), one);
    await pass(1_099);
    expect(one.write).toHaveBeenCalledTimes(1);
    expect(one.done).not.toHaveBeenCalled();
    await pass(1);
    expect(one.write).toHaveBeenCalledTimes(2);
    await writing;
    expect(one.done.mock.calls).toEqual([[true]]);
  });

  test("that fails three times is given up, and told of as not written", async () => {
    const one = wish(refused);
    const writing = enqueueWrite(createKvWriteQueue(), one);
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

  test("that succeeds at its third attempt was written", async () => {
    const one = wish(refused, refused, fine);
    const writing = enqueueWrite(createKvWriteQueue(), one);
    await pass(2_200);
    await writing;
    expect(one.done.mock.calls).toEqual([[true]]);
  });

  test("that throws before it has a promise is one that failed", async () => {
    const one = { write: vi.fn<PendingWrite["write"]>(), done: vi.fn<PendingWrite["done"]>() };
    one.write.mockImplementationOnce(() => {
      throw new Error("no namespace");
    });
    const writing = enqueueWrite(createKvWriteQueue(), one);
    await pass(1_100);
    await writing;
    expect(one.write).toHaveBeenCalledTimes(2);
    expect(one.done.mock.calls).toEqual([[true]]);
  });

  test("has one line in the log however often it fails, without what was said of it", async () => {
    const writing = enqueueWrite(createKvWriteQueue(), wish(refused));
    await pass(2_200);
    await writing;
    expect(logLines()).toEqual([{ degraded: ["kv_write"], defect: expect.stringMatching(/^Error/) }]);
    expect(JSON.stringify(logLines())).not.toContain("canary");
  });

  test("that hangs fails after 5 s, and is given up after three times that", async () => {
    const one = wish(hangs);
    const writing = enqueueWrite(createKvWriteQueue(), one);
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

  test("that ends in time, if late, was written", async () => {
    const gate = deferred<void>();
    const one = wish(async () => await gate.promise);
    const writing = enqueueWrite(createKvWriteQueue(), one);
    await pass(4_999);
    gate.resolve();
    await writing;
    expect(one.write).toHaveBeenCalledTimes(1);
    expect(one.done.mock.calls).toEqual([[true]]);
    expect(logLines()).toEqual([]);
  });

  test("that ends after it was given up is not told of a second time", async () => {
    const gate = deferred<void>();
    const one = wish(async () => await gate.promise, refused);
    const writing = enqueueWrite(createKvWriteQueue(), one);
    await pass(5_000 + 3 * 1_100);
    await writing;
    gate.resolve();
    await pass(10_000);
    expect(one.done.mock.calls).toEqual([[false]]);
  });
});

describe("of wishes that come while a write is under way", () => {
  test("the latest alone is written, after it; the others never are, and are told nothing", async () => {
    const writer = createKvWriteQueue();
    const gate = deferred<void>();
    const [first, passed, last] = [wish(async () => await gate.promise), wish(fine), wish(fine)];
    const writing = enqueueWrite(writer, first);
    await enqueueWrite(writer, passed);
    await enqueueWrite(writer, last);
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

  test("one takes the place of a write that fails: that is neither made again nor told of", async () => {
    const writer = createKvWriteQueue();
    const gate = deferred<void>();
    const first = wish(async () => await gate.promise);
    const second = wish(fine);
    const writing = enqueueWrite(writer, first);
    await enqueueWrite(writer, second);
    gate.reject(new Error("429"));
    // KV counts the write that it refused.
    await pass(1_099);
    expect(second.write).not.toHaveBeenCalled();
    await pass(1);
    await writing;
    expect(first.write).toHaveBeenCalledTimes(1);
    expect(first.done).not.toHaveBeenCalled();
    expect(second.done.mock.calls).toEqual([[true]]);
  });

  test("one that comes in the pause before another attempt is written in its stead", async () => {
    const writer = createKvWriteQueue();
    const [first, second] = [wish(refused, fine), wish(fine)];
    const writing = enqueueWrite(writer, first);
    await pass(500);
    await enqueueWrite(writer, second);
    expect(second.write).not.toHaveBeenCalled();
    await pass(600);
    await writing;
    expect(first.write).toHaveBeenCalledTimes(1);
    expect(first.done).not.toHaveBeenCalled();
    expect(second.done.mock.calls).toEqual([[true]]);
  });

  test("one that comes during the last attempt of another is written at once when that fails, and has three of its own", async () => {
    const writer = createKvWriteQueue();
    const gate = deferred<void>();
    const first = wish(refused, refused, async () => await gate.promise);
    const second = wish(refused);
    const writing = enqueueWrite(writer, first);
    await pass(2_200);
    expect(first.write).toHaveBeenCalledTimes(3);
    await enqueueWrite(writer, second);
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

  test("one waits for a write that hangs for 5 s and the pause after a failure, and no longer", async () => {
    const writer = createKvWriteQueue();
    const [first, second] = [wish(hangs), wish(fine)];
    const writing = enqueueWrite(writer, first);
    await enqueueWrite(writer, second);
    await pass(4_999);
    expect(second.write).not.toHaveBeenCalled();
    await pass(1_101);
    await writing;
    expect(second.write).toHaveBeenCalledTimes(1);
    expect(first.done).not.toHaveBeenCalled();
  });

  test("a wish that comes from the end of another write is written as well", async () => {
    const writer = createKvWriteQueue();
    const second = wish(fine);
    const first = wish(fine);
    first.done.mockImplementation(() => void enqueueWrite(writer, second));
    await enqueueWrite(writer, first);
    expect(second.done.mock.calls).toEqual([[true]]);
    expect(first.write).toHaveBeenCalledTimes(1);
  });
});

test("a writer that has given up, or is done, takes the next wish", async () => {
  const writer = createKvWriteQueue();
  const lost = enqueueWrite(writer, wish(refused));
  await pass(2_200);
  await lost;
  for (let i = 0; i < 2; i += 1) {
    const next = wish(fine);
    await enqueueWrite(writer, next);
    expect(next.done.mock.calls).toEqual([[true]]);
  }
});

test("two writers do not wait for each other", async () => {
  void enqueueWrite(createKvWriteQueue(), wish(hangs));
  const other = wish(fine);
  await enqueueWrite(createKvWriteQueue(), other);
  expect(other.done.mock.calls).toEqual([[true]]);
});

/** How an attempt ends: after so many ms, or never. */
const outcome = fc.record({
  kind: fc.constantFrom("fine", "refused", "hangs"),
  ms: fc.integer({ min: 0, max: 4_999 }),
});
const given = fc.array(
  fc.record({
    gap: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 8_000 })),
    outcomes: fc.array(outcome, { minLength: 3, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 6 },
);

test("whatever wishes come and however their writes end: one at a time, in order, told once and truly, the last in any case, and nothing rejects", async () => {
  await fc.assert(
    fc.asyncProperty(given, async (wishes) => {
      const writer = createKvWriteQueue();
      /** Whose attempts, and how many others were under way. */
      const attempts: { of: number; beside: number }[] = [];
      const written = new Set<number>();
      const told: [number, boolean][] = [];
      const rejected = vi.fn<(error: unknown) => void>();
      let underWay = 0;
      for (const [of, { gap, outcomes }] of wishes.entries()) {
        await pass(gap);
        const left = [...outcomes];
        const writing = async () => {
          const { kind, ms } = left.shift() ?? { kind: "fine", ms: 0 };
          attempts.push({ of, beside: underWay });
          underWay += 1;
          // One that hangs is left to itself after 5 s.
          await new Promise((resolve) => setTimeout(resolve, kind === "hangs" ? 5_000 : ms));
          underWay -= 1;
          if (kind === "hangs") await hangs();
          if (kind === "refused") throw new Error("429");
          written.add(of);
        };
        enqueueWrite(writer, { write: writing, done: (end) => void told.push([of, end]) }).catch(rejected);
      }
      await pass(60_000);
      expect(rejected).not.toHaveBeenCalled();
      expect(writer).toEqual(createKvWriteQueue());
      expect(vi.getTimerCount()).toBe(0);
      const order = attempts.map(({ of }) => of);
      expect(order).toEqual([...order].sort((a, b) => a - b));
      expect(attempts.filter(({ beside }) => beside > 0)).toEqual([]);
      for (const of of wishes.keys()) expect(order.filter((one) => one === of).length).toBeLessThanOrEqual(3);
      expect(new Set(told.map(([of]) => of)).size).toBe(told.length);
      for (const [of, end] of told) {
        expect(end).toBe(written.has(of));
        if (!end) expect(order.filter((one) => one === of)).toHaveLength(3);
      }
      expect(told.at(-1)?.[0]).toBe(wishes.length - 1);
    }),
    { numRuns: 50 },
  );
});

test("a writer whose wish throws when it is told takes the next wish all the same", async () => {
  const writer = createKvWriteQueue();
  const write_ = vi.fn<() => Promise<void>>(async () => {});
  const told = enqueueWrite(writer, {
    write: write_,
    done: () => {
      throw new Error("the storage fails");
    },
  });
  await expect(told).rejects.toThrow("the storage fails");
  expect(write_).toHaveBeenCalledTimes(1);
  const done = vi.fn<(written: boolean) => void>();
  await enqueueWrite(writer, { write: async () => {}, done });
  expect(done.mock.calls).toEqual([[true]]);
});
