/** What a caller is told of its limit. */
import { expect, test } from "vitest";
import { NOW } from "../support/clock.ts";
import { grant, LIMIT, leaseRequest, limitOf, poolAfter, setUpPool, TTL } from "../support/token-pool.ts";

test("a sole consumer is told what the object said and what it holds, without refill", () => {
  const pool = setUpPool().respond({ ...grant(1, 20), left: 500, msUntilFull: 16_000 }, NOW, NOW + 100);
  pool.takeHeld(NOW + 100);
  expect(pool.quota(NOW + 1_100, false)).toEqual({ limit: LIMIT, remaining: 519, resetSeconds: 15 });
  expect(pool.quota(NOW + TTL - 1, false).remaining).toBe(519);
  expect(pool.quota(NOW + TTL, false).remaining).toBe(0);
});

test("one of several consumers is told what it holds alone, and a late enough time", () => {
  const pool = poolAfter({ ...grant(1, 20), left: 500, isSoleConsumer: false });
  expect(pool.quota(NOW, true).remaining).toBe(520);
  expect(pool.quota(NOW, false)).toEqual({ limit: LIMIT, remaining: 20, resetSeconds: 70 });
});

test("after a failed request a caller is told what is held alone", () => {
  const pool = poolAfter({ ...grant(1, 20), left: 500 });
  pool.requestFailed(leaseRequest(NOW));
  expect(pool.quota(NOW + 1, false).remaining).toBe(20);
});

test("if nothing remains, a caller is told when there can be a token", () => {
  const pool = poolAfter({ granted: true, left: 0.5 }, limitOf(2, 60));
  expect(pool.quota(NOW, true)).toMatchObject({ remaining: 0, resetSeconds: 15 });
  expect(pool.refusedQuota(NOW + 4_000)).toMatchObject({ remaining: 0, resetSeconds: 11 });
});

test("a refused caller is not told to come before the isolate asks the object again", () => {
  const pool = poolAfter({ granted: false, left: 0.5 });
  expect(pool.refusedQuota(NOW)).toMatchObject({ remaining: 0, resetSeconds: 1 });
  const fast = poolAfter({ granted: null, left: 700 }, limitOf(1_000, 1));
  expect(fast.refusedQuota(NOW)).toMatchObject({ remaining: 0, resetSeconds: 1 });
});
