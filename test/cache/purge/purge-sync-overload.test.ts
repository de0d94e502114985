/** A Directory that is overloaded: it is left alone, and answers go on with the purges that are known. */
import { expect, test } from "vitest";
import { TimeoutError } from "../../../src/platform/timeout.ts";
import { NOTHING, purged, syncedIsolate } from "../../support/purge-sync.ts";

const overloaded = async () => await Promise.reject(new TimeoutError("no answer"));

test("an overloaded Directory is asked ever more rarely, and at least once in a lease", async () => {
  const one = syncedIsolate();
  await one.ensureSynced();
  one.fetchUpdates.mockImplementation(overloaded);
  const askedAt: number[] = [];
  for (let seconds = 10; seconds < 70; seconds += 0.5) {
    one.at(seconds);
    const before = one.fetchUpdates.mock.calls.length;
    await one.ensureSynced();
    await one.background();
    if (one.fetchUpdates.mock.calls.length > before) askedAt.push(seconds);
  }
  const gaps = askedAt.slice(1).map((seconds, index) => seconds - (askedAt[index] ?? 0));
  expect(gaps.slice(0, 3)).toEqual([0.5, 2, 4]);
  for (const gap of gaps.slice(4)) expect(gap).toBe(10);
});

test("an overloaded Directory that has recovered is heard within a lease of its last failure", async () => {
  const one = syncedIsolate(overloaded);
  for (let seconds = 0; seconds < 60; seconds += 1) {
    one.at(seconds);
    await one.ensureSynced();
    await one.background();
  }
  const before = one.fetchUpdates.mock.calls.length;
  one.fetchUpdates.mockImplementation(async () => NOTHING);
  for (let seconds = 60; seconds <= 70; seconds += 1) {
    one.at(seconds);
    await one.ensureSynced();
    await one.background();
  }
  expect(one.fetchUpdates.mock.calls.length).toBeGreaterThan(before);
  one.at(70);
  expect(one.ensureCurrent()).toBe("current");
});

test("sessions are refused at once, without a call, while an overloaded Directory is left alone", async () => {
  const one = syncedIsolate(overloaded);
  for (const seconds of [0, 1]) {
    one.at(seconds);
    expect(await one.ensureCurrent()).toBe("outdated");
  }
  one.at(1.5);
  expect(await one.ensureCurrent()).toBe("outdated");
  expect(one.fetchUpdates).toHaveBeenCalledTimes(2);
});

test("a purge is in force within a lease of its answer, however rare requests are after an overload", async () => {
  for (let purgedAt = 10; purgedAt < 20; purgedAt += 0.5) {
    for (let gap = 0.5; gap < 10; gap += 1) {
      for (const chance of [0, 1]) await expectPurgeInForce(purgedAt, gap, chance);
    }
  }
});

/** The Directory is overloaded until it answers an operator's purge. Then requests come once in `gap` seconds. */
async function expectPurgeInForce(purgedAt: number, gap: number, chance: number): Promise<void> {
  const one = syncedIsolate(undefined, chance);
  await one.ensureSynced();
  one.fetchUpdates.mockImplementation(overloaded);
  for (let seconds = 5; seconds < purgedAt; seconds += 0.5) {
    one.at(seconds);
    await one.ensureSynced();
    await one.background();
  }
  one.fetchUpdates.mockImplementation(async () => purged("acme", 7));
  for (let seconds = purgedAt + gap; seconds < purgedAt + 30; seconds += gap) {
    one.at(seconds);
    const synced = one.ensureSynced();
    if (synced !== null) await synced;
    const known = one.list.minPurgeEpoch(["acme"]);
    if (seconds >= purgedAt + 10) expect(known, `each ${gap} s, ${seconds - purgedAt} s later`).toBe(7);
    await one.background();
  }
}
