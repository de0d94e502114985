/** When an isolate asks the Directory for purges, and who waits for it: with a Directory that answers by hand. */
import { describe, expect, test } from "vitest";
import type { PurgeUpdates } from "../../../src/cache/purge/purge-list.ts";
import { entryOf } from "../../support/cached.ts";
import { fail, hang, NOTHING, purged, syncedIsolate } from "../../support/purge-sync.ts";
import { deferred } from "../../support/upstream.ts";

describe("the age of the list", () => {
  test("the Directory is asked before the first answer, and then for later purges", async () => {
    const one = syncedIsolate(async (after) => (after === 0 ? purged("acme", 7) : purged("other", 9)));
    expect(await one.ensureSynced()).toBe(true);
    expect(one.list.minPurgeEpoch(["acme"])).toBe(7);
    one.at(10);
    expect(await one.ensureSynced()).toBe(true);
    expect(one.fetchUpdates.mock.calls).toEqual([[0], [7]]);
    expect(one.list.minPurgeEpoch(["acme", "other"])).toBe(9);
    expect(one.list.latestSeen).toBe(9);
  });

  test("a list is synced in the background after half a lease, and then in front", async () => {
    const one = syncedIsolate();
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
    const one = syncedIsolate(async () => (await answers[asked++]?.promise) ?? NOTHING);
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
    const one = syncedIsolate(async () => (await answers[asked++]?.promise) ?? NOTHING);
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
    const one = syncedIsolate();
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
    const one = syncedIsolate(async () => (fails ? await fail() : purged("acme", 7)));
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
    const one = syncedIsolate();
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
    const one = syncedIsolate();
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
    const one = syncedIsolate(fail);
    one.list.add({ name: "acme", sequence: 3 });
    await one.ensureSynced();
    expect(one.list.minPurgeEpoch(["acme"])).toBe(3);
  });
});

test("a list that starts after some purge ends all entries from before it", async () => {
  const one = syncedIsolate(async () => ({ purges: [], purgedBefore: 5, latest: 9 }));
  await one.ensureSynced();
  expect(one.list.isPurged(entryOf({ purgeEpoch: 4 }))).toBe(true);
  expect(one.list.isPurged(entryOf({ purgeEpoch: 9 }))).toBe(false);
});
