/** When an isolate asks for more tokens, for how many, and which calls wait for them. */
import { describe, expect, test } from "vitest";
import type { TokenPool } from "../../src/limits/token-pool.ts";
import { applyTokenResponse, createTokenPools } from "../../src/limits/token-pools.ts";
import { NOW } from "../support/clock.ts";
import {
  grant,
  LIMIT,
  leaseRequest,
  limitOf,
  poolAfter,
  probe,
  recordCalls,
  request,
  responseOf,
  setUpPool,
  takeMany,
} from "../support/token-pool.ts";

describe("how many tokens an isolate prefetches", () => {
  test("the first call prefetches none; later ones for two seconds, less what is held", () => {
    const { respond } = setUpPool();
    const pool = respond({}, NOW);
    recordCalls(pool, 1, NOW);
    expect(request(pool, NOW, true).message.prefetch).toBe(0);
    recordCalls(pool, 9, NOW + 500);
    respond(grant(1, 4), NOW + 500);
    expect(request(pool, NOW + 500, true).message).toMatchObject({ prefetch: 14, held: 4 });
  });

  test("a slow object makes an isolate prefetch earlier, and more", () => {
    const { respond } = setUpPool();
    // The average is a quarter of 8 s, and then three quarters of that.
    respond({}, NOW - 8_000, NOW);
    const pool = respond(grant(1, 19), NOW);
    recordCalls(pool, 11, NOW);
    expect(pool.shouldPrefetch(NOW)).toBe(false);
    pool.takeHeld(NOW);
    expect(pool.shouldPrefetch(NOW)).toBe(true);
    // Ten calls a second, for two seconds; and for the second and a half until the response.
    expect(request(pool, NOW).message).toMatchObject({ prefetch: 20 - 3, held: 18 - 15 });
  });

  test("calls that will be waiting count as fewer than no tokens held", () => {
    const pool = setUpPool().respond({}, NOW - 1_600, NOW);
    recordCalls(pool, 21, NOW);
    expect(request(pool, NOW).message).toMatchObject({ prefetch: 40 + 8, held: -8 });
  });

  test("an isolate prefetches less for a short period or a short TTL", () => {
    const short = poolAfter({}, limitOf(100, 1));
    recordCalls(short, 11, NOW);
    expect(request(short, NOW).message.prefetch).toBe(2);
    const pools = createTokenPools();
    applyTokenResponse(pools, "key", undefined, leaseRequest(NOW, 1_000), responseOf(), NOW);
    const brief = pools.get("key") as TokenPool;
    recordCalls(brief, 11, NOW);
    expect(request(brief, NOW).message.prefetch).toBe(4);
  });
});

describe("when an isolate prefetches", () => {
  test("an isolate prefetches when what it holds lasts for less than a second", () => {
    const pool = poolAfter(grant(1, 20));
    recordCalls(pool, 11, NOW);
    takeMany(pool, 10, NOW);
    expect(pool.shouldPrefetch(NOW)).toBe(false);
    pool.takeHeld(NOW);
    expect(pool.shouldPrefetch(NOW)).toBe(true);
  });

  test("an isolate that refuses calls reports a spent grant at once, and once", () => {
    const { respond } = setUpPool();
    respond({ granted: false, left: 0 }, NOW);
    const pool = respond({ ...grant(1, 2), left: 0 }, NOW + 1);
    recordCalls(pool, 11, NOW + 1);
    pool.takeHeld(NOW + 1);
    expect(pool.shouldPrefetch(NOW + 1)).toBe(false);
    pool.takeHeld(NOW + 1);
    expect(pool.shouldPrefetch(NOW + 1)).toBe(true);
    const report = request(pool, NOW + 1);
    expect(report.message.returned).toEqual([{ id: 1, unused: 0 }]);
    pool.requestFailed(report);
    expect(pool.shouldPrefetch(NOW + 1)).toBe(false);
  });

  test("one prefetch is under way at a time, and is given up after two seconds", () => {
    const pool = poolAfter({});
    recordCalls(pool, 11, NOW);
    const first = request(pool, NOW);
    expect(first.message.prefetch).toBe(20);
    expect(request(pool, NOW + 100, true).message.prefetch).toBe(0);
    expect(pool.shouldPrefetch(NOW + 100)).toBe(false);
    recordCalls(pool, 11, NOW + 2_000);
    expect(request(pool, NOW + 2_000).message.prefetch).toBe(20);
    pool.requestFailed(first);
    expect(pool.shouldPrefetch(NOW + 2_000)).toBe(true);
  });

  test("an isolate does not prefetch while the bucket is known to be empty", () => {
    const pool = poolAfter({ ...grant(1, 2), left: 0 });
    recordCalls(pool, 11, NOW);
    expect(pool.shouldPrefetch(NOW + 99)).toBe(false);
    expect(pool.shouldPrefetch(NOW + 100)).toBe(true);
  });

  test("the end of another request does not end the prefetch", () => {
    const pool = poolAfter({});
    recordCalls(pool, 11, NOW);
    request(pool, NOW);
    probe(pool, NOW)();
    expect(pool.shouldPrefetch(NOW)).toBe(false);
  });
});

describe("calls that wait for a prefetch", () => {
  /** A pool that prefetches ten tokens from an object that took 100 ms to respond. */
  function prefetching(isSoleConsumer = true, left = LIMIT.limit, limit = LIMIT) {
    const set = setUpPool(limit);
    const pool = set.respond({ isSoleConsumer, left }, NOW - 400, NOW);
    recordCalls(pool, 11, NOW);
    return { ...set, pool, prefetch: request(pool, NOW) };
  }
  const outcomes = (pool: TokenPool, count: number) => Array.from({ length: count }, () => pool.tryTake(NOW));
  const waitersOf = (pool: TokenPool) => outcomes(pool, 5).filter((outcome) => outcome === "wait").length;

  test("as many calls wait as the object is expected to grant tokens", () => {
    const { pool, prefetch } = prefetching();
    expect(prefetch.message).toMatchObject({ prefetch: 21, held: -1 });
    expect(outcomes(pool, 22)).toEqual([...Array(21).fill("wait"), "ask"]);
    expect(waitersOf(prefetching(false, 10, limitOf(40, 10)).pool)).toBe(2);
    expect(waitersOf(prefetching(true, 10, limitOf(40, 10)).pool)).toBe(4);
    expect(waitersOf(prefetching(true, 0).pool)).toBe(0);
  });

  test("a call waits for two round trips at most, and not after the prefetch has ended", () => {
    const { pool, prefetch } = prefetching();
    expect([0, 199, 200].map((ms) => pool.prefetchTimeoutMs(NOW + ms))).toEqual([200, 1, 0]);
    expect([pool.tryTake(NOW + 199), pool.tryTake(NOW + 200)]).toEqual(["wait", "ask"]);
    pool.requestFailed(prefetch);
    expect([pool.prefetchTimeoutMs(NOW), pool.tryTake(NOW)]).toEqual([0, "ask"]);
  });

  test("a call that has waited once asks for itself instead of waiting again", () => {
    const { pool } = prefetching();
    expect([pool.tryTake(NOW, false), pool.tryTake(NOW)]).toEqual(["ask", "wait"]);
  });

  test.each([
    ["brings tokens", grant(1, 10), ["taken", "taken"]],
    ["brings none", { grant: null }, ["ask", "ask"]],
  ])("a response that %s wakes the calls that wait", async (_, fields, expected) => {
    const { pool, prefetch } = prefetching();
    const waiting = [pool.prefetchEnded.wait(10_000), pool.prefetchEnded.wait(10_000)];
    pool.applyResponse(prefetch, responseOf({ level: LIMIT.limit * 60_000, ...fields }), NOW + 100);
    expect(await Promise.all(waiting)).toEqual([true, true]);
    expect([1, 2].map(() => pool.tryTake(NOW + 100, false))).toEqual(expected);
  });

  test("a prefetch that fails wakes the calls that wait, and they ask for themselves", async () => {
    const { pool, prefetch } = prefetching();
    const waiting = pool.prefetchEnded.wait(10_000);
    pool.requestFailed(prefetch);
    expect(await waiting).toBe(true);
    expect(pool.tryTake(NOW, false)).toBe("ask");
  });

  test("a response without a prefetch wakes nobody", async () => {
    const { pool, respond } = prefetching();
    const waiting = pool.prefetchEnded.wait(10);
    respond({}, NOW);
    expect(pool.prefetchEnded.size).toBe(1);
    expect(await waiting).toBe(false);
  });

  test("a call whose prefetch never ends asks for itself after its timeout", async () => {
    const { pool } = prefetching();
    expect(await pool.prefetchEnded.wait(5)).toBe(false);
    expect(pool.tryTake(NOW + 200, false)).toBe("ask");
  });
});
