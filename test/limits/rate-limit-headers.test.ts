import { describe, expect, test } from "vitest";
import { quotaOf, refusedQuota } from "../../src/limits/rate-limit-headers.ts";
import { requestFailed, takeHeld } from "../../src/limits/token-pool.ts";
import { grant, isolate, LIFE, LIMIT, NOW, of } from "../support/token-pool.ts";

describe("what a caller is told", () => {
  test("is what the object said and what is in hand, where nobody else takes; without what has come in since", () => {
    const allowance = isolate().answered({ ...grant(1, 20), left: 500, msUntilFull: 16_000 }, NOW, NOW + 100);
    takeHeld(allowance, NOW + 100);
    expect(quotaOf(allowance, NOW + 1_100, false)).toEqual({
      limit: LIMIT,
      remaining: 519,
      resetSeconds: 15,
    });
    expect(quotaOf(allowance, NOW + LIFE - 1, false).remaining).toBe(519);
    expect(quotaOf(allowance, NOW + LIFE, false).remaining).toBe(0);
  });

  test("is what is in hand alone, where others take, and when they could have given all back", () => {
    const allowance = isolate().answered({ ...grant(1, 20), left: 500, isSoleConsumer: false }, NOW);
    expect(quotaOf(allowance, NOW, true).remaining).toBe(520);
    expect(quotaOf(allowance, NOW, false)).toEqual({ limit: LIMIT, remaining: 20, resetSeconds: 70 });
  });

  test("is what is in hand alone, after a question that was not answered: it may have taken", () => {
    const allowance = isolate().answered({ ...grant(1, 20), left: 500 }, NOW);
    requestFailed(allowance);
    expect(quotaOf(allowance, NOW + 1, false).remaining).toBe(20);
  });

  test("where nothing remains is when there can be a token", () => {
    const allowance = isolate(of(2, 60)).answered({ granted: true, left: 0.5 }, NOW);
    expect(quotaOf(allowance, NOW, true)).toMatchObject({ remaining: 0, resetSeconds: 15 });
    expect(refusedQuota(allowance, NOW + 4_000)).toMatchObject({ remaining: 0, resetSeconds: 11 });
  });

  test("where one is refused is not before it will be looked for again", () => {
    const allowance = isolate().answered({ granted: false, left: 0.5 }, NOW);
    expect(refusedQuota(allowance, NOW)).toMatchObject({ remaining: 0, resetSeconds: 1 });
    const fast = isolate(of(1_000, 1)).answered({ granted: null, left: 700 }, NOW);
    expect(refusedQuota(fast, NOW)).toMatchObject({ remaining: 0, resetSeconds: 1 });
  });
});
