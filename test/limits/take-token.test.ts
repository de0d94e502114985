/** The decision about one call, with an object that must not be asked. */
import { expect, test, vi } from "vitest";
import { takeToken } from "../../src/limits/take-token.ts";
import { NOW, useClock } from "../support/clock.ts";
import { grant, LIMIT, type PoolSetUp, setUpPool } from "../support/token-pool.ts";

useClock();

/** Takes a token in grace: the object fails, and the last lease is honoured. */
function takeInGrace({ pools }: PoolSetUp) {
  const never = vi.fn(async () => await Promise.reject(new Error("the object was asked")));
  const source = {
    pools,
    keyId: "key",
    limit: LIMIT,
    fetchTokens: never,
    refresh: never,
    prefetch: () => {},
    waitUntil: never,
    noteObjectFailed: () => {},
  };
  const decision = takeToken(source, { granted: null, grace: true });
  expect(never).not.toHaveBeenCalled();
  if (decision instanceof Promise) throw new Error("the call waits");
  return decision;
}

test("in grace, a call takes a token that the isolate holds before one of the local bucket", () => {
  const setUp = setUpPool();
  const pool = setUp.respond({ ...grant(1, 2), left: 100 }, NOW);
  expect(takeInGrace(setUp).granted).toBe(true);
  expect(pool.available(NOW)).toBe(1);
  expect(takeInGrace(setUp).granted).toBe(true);
  expect(pool.available(NOW)).toBe(0);
  expect(takeInGrace(setUp).granted).toBe(true);
});

test("in grace, a call is refused if the object has just said that the bucket is empty", () => {
  const setUp = setUpPool();
  setUp.respond({ granted: false, left: 0 }, NOW);
  expect(takeInGrace(setUp)).toMatchObject({ granted: false, quota: { remaining: 0 } });
});

test("in grace, a call takes from what the object said was left, until that is used up", () => {
  const setUp = setUpPool();
  setUp.respond({ left: 3 }, NOW);
  const granted = Array.from({ length: 4 }, () => takeInGrace(setUp).granted);
  expect(granted).toEqual([true, true, true, false]);
});
