/** Writes of one key of KV that come while another one is made, with fake timers. */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { KvWriteQueue } from "../../../src/cache/object/kv-write-queue.ts";
import { logLines } from "../../support/egress.ts";
import { fails, hangs, pass, pendingWrite, succeeds, useFakeTimers } from "../../support/kv-writes.ts";
import { deferred } from "../../support/upstream.ts";

useFakeTimers();

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
    // KV counts the write that it fails.
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
    const [first, second] = [pendingWrite(fails, succeeds), pendingWrite(succeeds)];
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
    const first = pendingWrite(fails, fails, async () => await gate.promise);
    const second = pendingWrite(fails);
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

  test("a write is made although the outcome of the one before it throws", async () => {
    const queue = new KvWriteQueue();
    const gate = deferred<void>();
    const [first, second] = [pendingWrite(async () => await gate.promise), pendingWrite(succeeds)];
    first.done.mockImplementation(() => {
      throw new Error("the storage fails");
    });
    const writing = queue.enqueue(first);
    await queue.enqueue(second);
    gate.resolve();
    await expect(writing).rejects.toThrow("the storage fails");
    expect(second.done.mock.calls).toEqual([[true]]);
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

/** How an attempt ends: after so many ms, or never. */
const outcome = fc.record({
  kind: fc.constantFrom("succeeds", "fails", "hangs"),
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
      /** The attempts, each with the write it belongs to and how many others were in progress. */
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
          if (kind === "fails") throw new Error("429");
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
