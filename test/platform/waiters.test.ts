import { expect, test } from "vitest";
import { Waiters } from "../../src/platform/waiters.ts";

test("notifyAll wakes every waiter, and those that come later wait for the next call", async () => {
  const waiters = new Waiters();
  const first = [waiters.wait(10_000), waiters.wait(10_000)];
  waiters.notifyAll();
  expect(await Promise.all(first)).toEqual([true, true]);
  expect(await waiters.wait(5)).toBe(false);
});

test("a waiter whose leader never notifies goes on after its timeout, and is forgotten", async () => {
  const waiters = new Waiters();
  const waiting = waiters.wait(5);
  expect(waiters.size).toBe(1);
  expect(await waiting).toBe(false);
  expect(waiters.size).toBe(0);
});

test("a waiter beyond the maximum is turned away at once, and the others go on waiting", async () => {
  const waiters = new Waiters(2);
  const waiting = [waiters.wait(10_000), waiters.wait(10_000)];
  expect(await waiters.wait(10_000)).toBe(false);
  expect(waiters.add(() => {})).toBe(false);
  waiters.notifyAll();
  expect(await Promise.all(waiting)).toEqual([true, true]);
  expect(waiters.size).toBe(0);
});

test("a waiter that joins while others are woken is not woken with them", () => {
  const waiters = new Waiters();
  let woken = 0;
  waiters.add(() => {
    woken += 1;
    waiters.add(() => {
      woken += 1;
    });
  });
  waiters.notifyAll();
  expect([woken, waiters.size]).toEqual([1, 1]);
});
