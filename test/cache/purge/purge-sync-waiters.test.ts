/** Requests of an isolate that wait for its purge list at the same time. */
import { expect, test, vi } from "vitest";
import type { PurgeUpdates } from "../../../src/cache/purge/purge-list.ts";
import { hang, NOTHING, purged, syncedIsolate } from "../../support/purge-sync.ts";
import { useIdleObjects } from "../../support/settle.ts";
import { deferred } from "../../support/upstream.ts";

useIdleObjects();

test("of requests that wait at once, one asks the Directory, and all share the result", async () => {
  const answer = deferred<PurgeUpdates>();
  const one = syncedIsolate(async () => await answer.promise);
  const waiting = Array.from({ length: 50 }, () => one.ensureSynced());
  answer.resolve(purged("acme", 7));
  expect(await Promise.all(waiting)).toEqual(Array(50).fill(true));
  expect(one.fetchUpdates).toHaveBeenCalledTimes(1);
  expect(one.list.minPurgeEpoch(["acme"])).toBe(7);
});

test("waiters are woken as soon as the Directory has answered, without polling", async () => {
  vi.useFakeTimers();
  try {
    const answer = deferred<PurgeUpdates>();
    const one = syncedIsolate(async () => await answer.promise);
    const waiting = [one.ensureSynced(), one.ensureSynced()];
    answer.resolve(NOTHING);
    // No timer fires here.
    expect(await Promise.all(waiting)).toEqual([true, true]);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test("a Directory that fails the one that asked fails those who waited", async () => {
  const answer = deferred<PurgeUpdates>();
  const one = syncedIsolate(async () => await answer.promise);
  const waiting = [one.ensureSynced(), one.ensureSynced()];
  answer.reject(new Error("gone"));
  expect(await Promise.all(waiting)).toEqual([false, false]);
  expect(one.fetchUpdates).toHaveBeenCalledTimes(1);
});

test("a waiter whose leader is cut off asks itself after a second", async () => {
  vi.useFakeTimers();
  try {
    const one = syncedIsolate(hang);
    void one.ensureSynced();
    const waiting = one.ensureSynced();
    one.fetchUpdates.mockImplementation(async () => purged("acme", 7));
    await vi.advanceTimersByTimeAsync(999);
    expect(one.fetchUpdates).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await waiting).toBe(true);
    expect(one.list.minPurgeEpoch(["acme"])).toBe(7);
    // The next request finds a list in order, and no sync to wait for.
    expect(one.ensureSynced()).toBeNull();
  } finally {
    vi.useRealTimers();
  }
});

test("a request that comes a second after the leader does not wait for it", async () => {
  const one = syncedIsolate(hang);
  void one.ensureSynced();
  one.fetchUpdates.mockImplementation(async () => NOTHING);
  one.at(1);
  expect(await one.ensureSynced()).toBe(true);
});

test("when a leader is cut off, one of its waiters asks, and the others wait for that one", async () => {
  vi.useFakeTimers();
  try {
    const one = syncedIsolate(hang);
    void one.ensureSynced();
    const waiting = Array.from({ length: 20 }, () => one.ensureSynced());
    const answer = deferred<PurgeUpdates>();
    one.fetchUpdates.mockImplementation(async () => await answer.promise);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(one.fetchUpdates).toHaveBeenCalledTimes(2);
    answer.resolve(purged("acme", 7));
    expect(await Promise.all(waiting)).toEqual(Array(20).fill(true));
    expect(one.fetchUpdates).toHaveBeenCalledTimes(2);
    expect(one.list.minPurgeEpoch(["acme"])).toBe(7);
  } finally {
    vi.useRealTimers();
  }
});
