/** The attempts of a write to one key of KV, with fake timers. */
import { describe, expect, test, vi } from "vitest";
import { KvWriteQueue, type PendingWrite } from "../../../src/cache/object/kv-write-queue.ts";
import { logLines } from "../../support/egress.ts";
import { fails, hangs, pass, pendingWrite, succeeds, useFakeTimers } from "../../support/kv-writes.ts";
import { deferred } from "../../support/upstream.ts";

useFakeTimers();

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
    const one = pendingWrite(fails, succeeds);
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
    const one = pendingWrite(fails);
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
    const one = pendingWrite(fails, fails, succeeds);
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
    const writing = new KvWriteQueue().enqueue(pendingWrite(fails));
    await pass(2_200);
    await writing;
    expect(logLines()).toEqual([
      { at: expect.any(String), degraded: ["kv_write"], defect: expect.stringMatching(/^Error/) },
    ]);
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
    const one = pendingWrite(async () => await gate.promise, fails);
    const writing = new KvWriteQueue().enqueue(one);
    await pass(5_000 + 3 * 1_100);
    await writing;
    gate.resolve();
    await pass(10_000);
    expect(one.done.mock.calls).toEqual([[false]]);
  });
});

test("a queue that has given up, or is done, takes the next write", async () => {
  const queue = new KvWriteQueue();
  const lost = queue.enqueue(pendingWrite(fails));
  await pass(2_200);
  await lost;
  for (let i = 0; i < 2; i += 1) {
    const next = pendingWrite(succeeds);
    await queue.enqueue(next);
    expect(next.done.mock.calls).toEqual([[true]]);
  }
});

test("a write with a delay begins after it, and later ones have no delay of their own", async () => {
  const queue = new KvWriteQueue();
  const gate = deferred<void>();
  const [first, second] = [pendingWrite(async () => await gate.promise), pendingWrite(succeeds)];
  const writing = queue.enqueue(first, 10);
  await pass(9);
  expect(first.write).not.toHaveBeenCalled();
  await pass(1);
  expect(first.write).toHaveBeenCalledTimes(1);
  await queue.enqueue(second, 10);
  gate.resolve();
  await writing;
  expect(second.done.mock.calls).toEqual([[true]]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a write that comes during the delay of another replaces it", async () => {
  const queue = new KvWriteQueue();
  const [first, second] = [pendingWrite(succeeds), pendingWrite(succeeds)];
  const writing = queue.enqueue(first, 10);
  await queue.enqueue(second);
  expect(second.write).not.toHaveBeenCalled();
  await pass(10);
  await writing;
  expect(first.write).not.toHaveBeenCalled();
  expect(first.done).not.toHaveBeenCalled();
  expect(second.done.mock.calls).toEqual([[true]]);
});

test("two queues do not wait for each other", async () => {
  void new KvWriteQueue().enqueue(pendingWrite(hangs));
  const other = pendingWrite(succeeds);
  await new KvWriteQueue().enqueue(other);
  expect(other.done.mock.calls).toEqual([[true]]);
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
