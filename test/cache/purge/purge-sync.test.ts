/** When an isolate asks the Directory for purges, and who waits for it: with a Directory that answers by hand. */
import { describe, expect, test, vi } from "vitest";
import { PurgeList, type PurgeUpdates } from "../../../src/cache/purge/purge-list.ts";
import { PurgeSync } from "../../../src/cache/purge/purge-sync.ts";
import { entryOf } from "../../support/cached.ts";
import { NOW } from "../../support/clock.ts";
import { deferred } from "../../support/upstream.ts";

const NOTHING: PurgeUpdates = { purges: [], purgedBefore: 0, latest: 0 };
const LEASE_MS = 10_000;

const purged = (name: string, sequence: number): PurgeUpdates => ({
  purges: [{ name, sequence }],
  purgedBefore: 0,
  latest: sequence,
});
const hang = async () => await new Promise<never>(() => {});
const fail = async () => await Promise.reject(new Error("the Directory is gone"));

/** An isolate with its own clock. */
function isolate(directory: (after: number) => Promise<PurgeUpdates> = async () => NOTHING) {
  const list = new PurgeList();
  const fetchUpdates = vi.fn(directory);
  const background: Promise<unknown>[] = [];
  let now = NOW;
  const sync = new PurgeSync(list, fetchUpdates, () => now);
  return {
    list,
    fetchUpdates,
    background: async () => await Promise.all(background.splice(0)),
    at: (seconds: number) => {
      now = NOW + seconds * 1_000;
    },
    ensureSynced: () => sync.ensureSynced(LEASE_MS, (work) => void background.push(work)),
  };
}

describe("the age of the list", () => {
  test("the Directory is asked before the first answer, and then for later purges", async () => {
    const one = isolate(async (after) => (after === 0 ? purged("acme", 7) : purged("other", 9)));
    expect(await one.ensureSynced()).toBe(true);
    expect(one.list.minPurgeEpoch(["acme"])).toBe(7);
    one.at(10);
    expect(await one.ensureSynced()).toBe(true);
    expect(one.fetchUpdates.mock.calls).toEqual([[0], [7]]);
    expect(one.list.minPurgeEpoch(["acme", "other"])).toBe(9);
    expect(one.list.latestSeen).toBe(9);
  });

  test("a list is synced in the background after half a lease, and then in front", async () => {
    const one = isolate();
    await one.ensureSynced();
    one.at(4.999);
    expect(one.ensureSynced()).toBeNull();
    expect(one.fetchUpdates).toHaveBeenCalledTimes(1);
    one.at(5);
    expect(one.ensureSynced()).toBeNull();
    expect(one.ensureSynced()).toBeNull();
    expect(one.fetchUpdates).toHaveBeenCalledTimes(2);
    await one.background();
    one.at(14.999);
    expect(one.ensureSynced()).toBeNull();
    await one.background();
    one.at(24.999);
    expect(one.ensureSynced()).not.toBeNull();
  });

  test("a list is as old as the question, however late the Directory answers", async () => {
    const answers = [deferred<PurgeUpdates>(), deferred<PurgeUpdates>()];
    let asked = 0;
    const one = isolate(async () => (await answers[asked++]?.promise) ?? NOTHING);
    const synced = one.ensureSynced();
    one.at(9);
    answers[0]?.resolve(NOTHING);
    await synced;
    one.at(10);
    expect(one.ensureSynced()).not.toBeNull();
  });

  test("a response that another one has overtaken takes nothing back", async () => {
    const answers = [deferred<PurgeUpdates>(), deferred<PurgeUpdates>()];
    let asked = 0;
    const one = isolate(async () => (await answers[asked++]?.promise) ?? NOTHING);
    const first = one.ensureSynced();
    // The first request is taken for cut off by now, so this one asks itself.
    one.at(1);
    const second = one.ensureSynced();
    answers[1]?.resolve(purged("acme", 7));
    await second;
    answers[0]?.resolve(NOTHING);
    await first;
    expect(one.list).toMatchObject({ syncedThrough: 7, latestSeen: 7 });
    expect(one.list.minPurgeEpoch(["acme"])).toBe(7);
    // The age counts from the second question.
    one.at(5.999);
    expect(one.ensureSynced()).toBeNull();
    expect(one.fetchUpdates).toHaveBeenCalledTimes(2);
    one.at(6);
    expect(one.ensureSynced()).toBeNull();
    expect(one.fetchUpdates).toHaveBeenCalledTimes(3);
  });

  test("after the clock was set back behind the list, the Directory is asked again", async () => {
    const one = isolate();
    await one.ensureSynced();
    one.at(-1);
    expect(await one.ensureSynced()).toBe(true);
    one.at(0);
    expect(one.ensureSynced()).toBeNull();
  });
});

describe("a Directory that fails", () => {
  test("a failing Directory is waited for once in a lease, and asked in the background", async () => {
    let fails = true;
    const one = isolate(async () => (fails ? await fail() : purged("acme", 7)));
    expect(await one.ensureSynced()).toBe(false);
    one.at(1);
    expect(one.ensureSynced()).toBeNull();
    await one.background();
    expect(one.fetchUpdates).toHaveBeenCalledTimes(2);
    one.at(11);
    expect(await one.ensureSynced()).toBe(false);
    fails = false;
    one.at(14);
    expect(one.ensureSynced()).toBeNull();
    await one.background();
    expect(one.list.minPurgeEpoch(["acme"])).toBe(7);
    one.at(17);
    expect(one.ensureSynced()).toBeNull();
  });

  test("a failed background sync is retried every 2 s, and blocks when the list is old", async () => {
    const one = isolate();
    await one.ensureSynced();
    one.fetchUpdates.mockImplementation(fail);
    for (const seconds of [6, 6.5, 7, 7.999]) {
      one.at(seconds);
      expect(one.ensureSynced()).toBeNull();
      await one.background();
    }
    expect(one.fetchUpdates).toHaveBeenCalledTimes(2);
    one.at(10);
    one.fetchUpdates.mockImplementation(async () => purged("acme", 7));
    expect(await one.ensureSynced()).toBe(true);
    expect(one.list.minPurgeEpoch(["acme"])).toBe(7);
  });

  test("a background sync that hangs makes way for the next after 2 s", async () => {
    const one = isolate();
    await one.ensureSynced();
    one.fetchUpdates.mockImplementation(hang);
    one.at(6);
    expect(one.ensureSynced()).toBeNull();
    one.at(7.999);
    expect(one.ensureSynced()).toBeNull();
    expect(one.fetchUpdates).toHaveBeenCalledTimes(2);
    one.at(8);
    expect(one.ensureSynced()).toBeNull();
    expect(one.fetchUpdates).toHaveBeenCalledTimes(3);
  });

  test("a failed sync forgets no purge", async () => {
    const one = isolate(fail);
    one.list.add({ name: "acme", sequence: 3 });
    await one.ensureSynced();
    expect(one.list.minPurgeEpoch(["acme"])).toBe(3);
  });
});

describe("requests that wait at the same time", () => {
  test("one asks the Directory, and all share the result", async () => {
    const answer = deferred<PurgeUpdates>();
    const one = isolate(async () => await answer.promise);
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
      const one = isolate(async () => await answer.promise);
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
    const one = isolate(async () => await answer.promise);
    const waiting = [one.ensureSynced(), one.ensureSynced()];
    answer.reject(new Error("gone"));
    expect(await Promise.all(waiting)).toEqual([false, false]);
    expect(one.fetchUpdates).toHaveBeenCalledTimes(1);
  });

  test("a waiter whose leader is cut off asks itself after a second", async () => {
    vi.useFakeTimers();
    try {
      const one = isolate(hang);
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
    const one = isolate(hang);
    void one.ensureSynced();
    one.fetchUpdates.mockImplementation(async () => NOTHING);
    one.at(1);
    expect(await one.ensureSynced()).toBe(true);
  });

  test("when a leader is cut off, one of its waiters asks, and the others wait no longer", async () => {
    vi.useFakeTimers();
    try {
      const one = isolate(hang);
      void one.ensureSynced();
      const waiting = Array.from({ length: 20 }, () => one.ensureSynced());
      const answer = deferred<PurgeUpdates>();
      one.fetchUpdates.mockImplementation(async () => await answer.promise);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(one.fetchUpdates).toHaveBeenCalledTimes(2);
      answer.resolve(purged("acme", 7));
      const results = await Promise.all(waiting);
      expect(results.filter((isSynced) => isSynced)).toHaveLength(1);
      expect(one.fetchUpdates).toHaveBeenCalledTimes(2);
      expect(one.list.minPurgeEpoch(["acme"])).toBe(7);
    } finally {
      vi.useRealTimers();
    }
  });
});

test("a list that starts after some purge ends all entries from before it", async () => {
  const one = isolate(async () => ({ purges: [], purgedBefore: 5, latest: 9 }));
  await one.ensureSynced();
  expect(one.list.isPurged(entryOf({ purgeEpoch: 4 }))).toBe(true);
  expect(one.list.isPurged(entryOf({ purgeEpoch: 9 }))).toBe(false);
});
