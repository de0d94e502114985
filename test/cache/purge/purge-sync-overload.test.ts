/** A Directory that is overloaded: it is left alone, and answers go on with the purges that are known. */
import { expect, test } from "vitest";
import { TimeoutError } from "../../../src/platform/timeout.ts";
import { NOTHING, syncedIsolate } from "../../support/purge-sync.ts";

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
  expect(gaps.slice(0, 5)).toEqual([0.5, 2, 2, 4, 8]);
  for (const gap of gaps.slice(5)) expect(gap).toBe(10);
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
