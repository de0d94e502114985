import { describe, expect, test } from "vitest";
import { applyTokenResponse } from "../../src/limits/token-pools.ts";
import { NOW } from "../support/clock.ts";
import {
  grant,
  LIMIT,
  leaseRequest,
  limitOf,
  poolAfter,
  probe,
  request,
  responseOf,
  setUpPool,
  TTL,
  takeMany,
} from "../support/token-pool.ts";

describe("held tokens", () => {
  test("held tokens are taken one by one, the oldest first, and each once", () => {
    const { respond } = setUpPool();
    respond(grant(1, 2), NOW);
    const pool = respond(grant(2, 1), NOW + 1);
    expect(pool.available(NOW + 1)).toBe(3);
    expect(takeMany(pool, 2, NOW + 1)).toEqual([true, true]);
    expect(request(pool, NOW + 1).message.returned).toEqual([{ id: 1, unused: 0 }]);
    expect(takeMany(pool, 2, NOW + 1)).toEqual([true, false]);
    expect(request(pool, NOW).message.returned).toEqual([{ id: 2, unused: 0 }]);
  });

  test("a grant lasts for its TTL from when it was requested, however late the response", () => {
    const pool = setUpPool().respond(grant(1, 2), NOW, NOW + 900);
    expect(pool.takeHeld(NOW + TTL - 1)).toBe(true);
    expect(pool.takeHeld(NOW + TTL)).toBe(false);
    expect(pool.available(NOW + TTL)).toBe(0);
  });

  test("a request returns what is left of a grant after half of its TTL", () => {
    const pool = poolAfter(grant(7, 3));
    pool.takeHeld(NOW);
    expect(request(pool, NOW + TTL / 2 - 1).message.returned).toEqual([]);
    expect(request(pool, NOW + TTL / 2).message.returned).toEqual([{ id: 7, unused: 2 }]);
    expect(pool.takeHeld(NOW + TTL / 2)).toBe(false);
    expect(request(pool, NOW + TTL / 2).message.returned).toEqual([]);
  });

  test("a grant is not spent while the clock is behind the moment of its request", () => {
    const pool = poolAfter(grant(1, 2));
    expect([pool.available(NOW - 1), pool.takeHeld(NOW - 1)]).toEqual([0, false]);
    expect(pool.takeHeld(NOW)).toBe(true);
  });
});

describe("refusals without asking the object", () => {
  test("an empty bucket refuses until it can have a token, counted from the request", () => {
    const pool = setUpPool(limitOf(2, 60)).respond({ granted: true, left: 0 }, NOW, NOW + 200);
    expect(pool.tryTake(NOW + 29_999)).toBe("refused");
    expect(pool.tryTake(NOW + 30_000)).toBe("ask");
  });

  test("a refusal lasts an eighth of the period, at most 1 s, or until a token can come", () => {
    for (const [limit, ms] of [
      [LIMIT, 1_000],
      [limitOf(100, 1), 125],
      [limitOf(2, 60), 30_000],
    ] as const) {
      const pool = setUpPool(limit).respond({ granted: false, left: 0 }, NOW - 200, NOW);
      expect(pool.tryTake(NOW + ms - 1)).toBe("refused");
      expect(pool.tryTake(NOW + ms)).toBe("ask");
    }
  });

  test("a refusal is extended while tokens stay scarce, and over when there are enough", () => {
    const { respond } = setUpPool();
    respond({ granted: false, left: 0 }, NOW);
    const pool = respond({ left: 0.5 }, NOW + 500);
    expect(pool.tryTake(NOW + 1_499)).toBe("refused");
    expect(respond({ left: 1 }, NOW + 600).tryTake(NOW + 600)).toBe("ask");
    expect(respond({ granted: true, left: 0 }, NOW + 700).tryTake(NOW + 800)).toBe("refused");
    // An eighth of the limit is no longer scarce.
    respond({ left: 75 }, NOW + 900);
    expect(respond({ granted: true, left: 0 }, NOW + 1_000).tryTake(NOW + 1_100)).toBe("ask");
  });

  test("after a refusal only as many calls ask as there can be tokens", () => {
    const pool = poolAfter({ granted: false, left: 0 }, limitOf(10, 5));
    const at = NOW + 1_600;
    // Two a second: three by now, and a fourth by the time a request arrives.
    const ends = [1, 2, 3, 4].map(() => {
      expect(pool.tryTake(at)).toBe("ask");
      return probe(pool, at);
    });
    expect(pool.tryTake(at)).toBe("refused");
    ends[1]?.();
    expect(pool.tryTake(at)).toBe("ask");
    probe(pool, at + 100);
    expect(pool.tryTake(at + 1_999)).toBe("ask");
  });

  test("a request that never ends keeps others from asking for two seconds at most", () => {
    const pool = poolAfter({ granted: false, left: 0 }, limitOf(2, 60));
    probe(pool, NOW + 30_000);
    expect(pool.tryTake(NOW + 31_999)).toBe("refused");
    expect(pool.tryTake(NOW + 32_000)).toBe("ask");
  });

  test("requests that were stopped do not add up to a refusal", () => {
    const pool = setUpPool(limitOf(10, 10)).respond({ granted: false, left: 0 }, NOW - 10_000);
    for (let i = 0; i < 40; i += 1) {
      const now = NOW + i * 1_500;
      expect(pool.tryTake(now)).toBe("ask");
      const end = probe(pool, now);
      if (i % 2 === 0) end();
    }
  });

  test("waiting calls refuse no other if none has been refused yet", () => {
    const pool = poolAfter({ granted: true, left: 1 }, limitOf(2, 60));
    for (let i = 0; i < 10; i += 1) probe(pool, NOW);
    expect(pool.tryTake(NOW)).toBe("ask");
  });

  test("calls that are not authorized yet keep no other from asking", () => {
    const pool = poolAfter({ granted: false, left: 0 }, limitOf(2, 60));
    for (let i = 0; i < 10; i += 1) request(pool, NOW + 30_000, true);
    expect(pool.tryTake(NOW + 30_000)).toBe("ask");
  });

  test("a refusal ends if the clock goes back behind its request", () => {
    const pool = poolAfter({ granted: false, left: 0 }, limitOf(2, 60));
    expect(pool.tryTake(NOW - 60_000)).toBe("ask");
  });
});

describe("responses that overtake each other", () => {
  test("the response decided last says what is left, and the grants of both are held", () => {
    const { respond } = setUpPool();
    respond({ ...grant(2, 3), sequence: 2, left: 10 }, NOW);
    const pool = respond({ ...grant(1, 2), sequence: 1, left: 500 }, NOW + 5);
    expect(pool.quota(NOW + 5, true).remaining).toBe(15);
    expect(respond({ sequence: 2, left: 11 }, NOW - 5, NOW + 6).quota(NOW + 6, true).remaining).toBe(16);
  });
});

describe("an object that fails", () => {
  test("an isolate takes locally what the object said was left, and its refill", () => {
    const pool = poolAfter({ left: 2 });
    expect([1, 2, 3].map(() => pool.takeLocally(NOW))).toEqual([true, true, false]);
    expect([1, 2].map(() => pool.takeLocally(NOW + 100))).toEqual([true, false]);
  });
});

describe("the pools of an isolate", () => {
  test("an isolate keeps 5,000 pools; the one with the oldest response goes first", () => {
    const { pools } = setUpPool();
    for (let i = 0; i < 5_001; i += 1)
      applyTokenResponse(pools, `key-${i}`, undefined, leaseRequest(NOW), responseOf(), NOW);
    expect([pools.size, pools.get("key-0"), pools.get("key-1")]).toEqual([
      5_000,
      undefined,
      expect.anything(),
    ]);
  });

  test("lifting a limit drops its pool, and wakes the calls that wait for a prefetch", async () => {
    const { pools, respond } = setUpPool();
    const pool = respond({}, NOW - 400, NOW);
    for (let i = 0; i < 11; i += 1) pool.recordCall(NOW);
    const prefetch = request(pool, NOW);
    expect(prefetch.message.prefetch).toBeGreaterThan(0);
    const waiting = pool.prefetchEnded.wait(10_000);
    applyTokenResponse(pools, "key", pool, prefetch, null, NOW);
    expect(await waiting).toBe(true);
    expect(pools.get("key")).toBeUndefined();
  });

  test("a prefetch of a pool that was dropped meanwhile wakes its waiters, whatever it brings", async () => {
    for (const response of [null, responseOf()]) {
      const { pools, respond } = setUpPool();
      const pool = respond({}, NOW);
      for (let i = 0; i < 11; i += 1) pool.recordCall(NOW);
      const prefetch = request(pool, NOW);
      expect(prefetch.message.prefetch).toBeGreaterThan(0);
      const waiting = pool.prefetchEnded.wait(10_000);
      // Another response said first that the limit was lifted.
      applyTokenResponse(pools, "key", pool, leaseRequest(NOW), null, NOW);
      applyTokenResponse(pools, "key", pool, prefetch, response, NOW);
      expect(await waiting).toBe(true);
    }
  });

  test("the late response to another pool's prefetch does not end the prefetch under way", () => {
    const { pools, respond } = setUpPool();
    const old = respond({}, NOW);
    for (let i = 0; i < 11; i += 1) old.recordCall(NOW);
    const late = request(old, NOW);
    pools.delete("key");
    const pool = respond({}, NOW + 10);
    for (let i = 0; i < 11; i += 1) pool.recordCall(NOW + 10);
    expect(request(pool, NOW + 10).message.prefetch).toBeGreaterThan(0);
    applyTokenResponse(pools, "key", old, late, responseOf(), NOW + 20);
    // It would prefetch again if it took its own prefetch for ended.
    expect(request(pool, NOW + 20).message.prefetch).toBe(0);
  });
});
