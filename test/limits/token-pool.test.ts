import { describe, expect, test } from "vitest";
import { quotaOf } from "../../src/limits/rate-limit-headers.ts";
import {
  addWaiter,
  applyResponse,
  available,
  countCall,
  createRequest,
  isKnownEmpty,
  isPrefetchPending,
  pollIntervalMs,
  requestEnded,
  reservePrefetched,
  shouldPrefetch,
  type TokenPool,
  takeHeld,
  takeLocally,
} from "../../src/limits/token-pool.ts";
import { answerOf, grant, isolate, LIFE, LIMIT, NOW, of } from "../support/token-pool.ts";

const question = (allowance: TokenPool, now: number, needsToken = false) =>
  createRequest(allowance, { isolateId: "a", ttlMs: LIFE, needsToken }, now);
/** A call that has been let in asks; the answer ends it. */
const waitFor = (allowance: TokenPool, now: number) => {
  const asked = question(allowance, now, true);
  addWaiter(allowance, now);
  return () => requestEnded(allowance, asked, now, true);
};
const calls = (allowance: TokenPool, count: number, now: number) => {
  for (let i = 0; i < count; i += 1) countCall(allowance, now);
};

describe("tokens in hand", () => {
  test("are spent one by one, the oldest first, and not once more", () => {
    const { answered } = isolate();
    answered(grant(1, 2), NOW);
    const allowance = answered(grant(2, 1), NOW + 1);
    expect(available(allowance, NOW + 1)).toBe(3);
    expect([1, 2, 3, 4].map(() => takeHeld(allowance, NOW + 1))).toEqual([true, true, true, false]);
    expect(question(allowance, NOW).returned).toEqual([
      { id: 1, unused: 0 },
      { id: 2, unused: 0 },
    ]);
  });

  test("last for the life of a grant from when they were asked for, however late the answer came", () => {
    const { answered } = isolate();
    const allowance = answered(grant(1, 2), NOW, NOW + 900);
    expect(takeHeld(allowance, NOW + LIFE - 1)).toBe(true);
    expect(takeHeld(allowance, NOW + LIFE)).toBe(false);
    expect(available(allowance, NOW + LIFE)).toBe(0);
  });

  test("are given back with the next question when half of that time is over", () => {
    const { answered } = isolate();
    const allowance = answered(grant(7, 3), NOW);
    takeHeld(allowance, NOW);
    expect(question(allowance, NOW + LIFE / 2 - 1).returned).toEqual([]);
    expect(question(allowance, NOW + LIFE / 2).returned).toEqual([{ id: 7, unused: 2 }]);
    expect(takeHeld(allowance, NOW + LIFE / 2)).toBe(false);
    expect(question(allowance, NOW + LIFE / 2).returned).toEqual([]);
  });
});

describe("more are asked for", () => {
  test("never with the first call; then for two seconds of the calls of the last one, less those in hand", () => {
    const { answered } = isolate();
    const allowance = answered({}, NOW);
    calls(allowance, 1, NOW);
    expect(question(allowance, NOW, true).prefetch).toBe(0);
    calls(allowance, 9, NOW + 500);
    answered(grant(1, 4), NOW + 500);
    expect(question(allowance, NOW + 500, true)).toMatchObject({ prefetch: 14, held: 4 });
  });

  test("behind an answer where what is in hand lasts for less than a second", () => {
    const { answered } = isolate();
    const allowance = answered(grant(1, 20), NOW);
    calls(allowance, 11, NOW);
    for (let i = 0; i < 10; i += 1) takeHeld(allowance, NOW);
    expect(shouldPrefetch(allowance, NOW)).toBe(false);
    takeHeld(allowance, NOW);
    expect(shouldPrefetch(allowance, NOW)).toBe(true);
  });

  test("earlier, and more, where the object takes long to answer: what is spent meanwhile is in hand no more", () => {
    const { answered } = isolate();
    // A quarter of 8 s, and then three quarters of that.
    answered({}, NOW - 8_000, NOW);
    const allowance = answered(grant(1, 19), NOW);
    calls(allowance, 11, NOW);
    expect(shouldPrefetch(allowance, NOW)).toBe(false);
    takeHeld(allowance, NOW);
    expect(shouldPrefetch(allowance, NOW)).toBe(true);
    // Ten calls a second, for two seconds; and for the second and a half until there is an answer.
    expect(question(allowance, NOW)).toMatchObject({ prefetch: 20 - 3, held: 18 - 15 });
  });

  test("by calls that wait as well: fewer than none will be in hand", () => {
    const allowance = isolate().answered({}, NOW - 1_600, NOW);
    calls(allowance, 21, NOW);
    expect(question(allowance, NOW)).toMatchObject({ prefetch: 40 + 8, held: -8 });
  });

  test("as soon as all is spent where calls are refused, so that it is told; once", () => {
    const { answered } = isolate();
    answered({ granted: false, left: 0 }, NOW);
    const allowance = answered({ ...grant(1, 2), left: 0 }, NOW + 1);
    calls(allowance, 11, NOW + 1);
    takeHeld(allowance, NOW + 1);
    expect(shouldPrefetch(allowance, NOW + 1)).toBe(false);
    takeHeld(allowance, NOW + 1);
    expect(shouldPrefetch(allowance, NOW + 1)).toBe(true);
    const told = question(allowance, NOW + 1);
    expect(told.returned).toEqual([{ id: 1, unused: 0 }]);
    requestEnded(allowance, told, NOW + 1, false);
    expect(shouldPrefetch(allowance, NOW + 1)).toBe(false);
  });

  test("not twice at a time; but again when there has been no answer for two seconds", () => {
    const { answered } = isolate();
    const allowance = answered({}, NOW);
    calls(allowance, 11, NOW);
    const first = question(allowance, NOW);
    expect(first.prefetch).toBe(20);
    expect(question(allowance, NOW + 100, true).prefetch).toBe(0);
    expect(shouldPrefetch(allowance, NOW + 100)).toBe(false);
    calls(allowance, 11, NOW + 2_000);
    expect(question(allowance, NOW + 2_000).prefetch).toBe(20);
    requestEnded(allowance, first, NOW, false);
    expect(shouldPrefetch(allowance, NOW + 2_000)).toBe(true);
  });

  test("behind no answer while the bucket is known to be empty", () => {
    const { answered } = isolate();
    const allowance = answered({ ...grant(1, 2), left: 0 }, NOW);
    calls(allowance, 11, NOW);
    expect(shouldPrefetch(allowance, NOW + 99)).toBe(false);
    expect(shouldPrefetch(allowance, NOW + 100)).toBe(true);
  });

  test("not again because another question has been answered", () => {
    const { answered } = isolate();
    const allowance = answered({}, NOW);
    calls(allowance, 11, NOW);
    question(allowance, NOW);
    waitFor(allowance, NOW)();
    expect(shouldPrefetch(allowance, NOW)).toBe(false);
  });

  test("less where the period or the lease is short", () => {
    const short = isolate(of(100, 1)).answered({}, NOW);
    calls(short, 11, NOW);
    expect(question(short, NOW).prefetch).toBe(2);
    const { allowances } = isolate();
    applyResponse(allowances, "key", answerOf(), 1_000, NOW, NOW);
    const brief = allowances.get("key") as TokenPool;
    calls(brief, 11, NOW);
    expect(question(brief, NOW).prefetch).toBe(4);
  });
});

describe("what is on its way", () => {
  /** An isolate that asks for ten, of an object that took 100 ms to answer. */
  const asking = (isSoleConsumer = true, left = LIMIT.limit, limit = LIMIT) => {
    const { answered } = isolate(limit);
    const allowance = answered({ isSoleConsumer, left }, NOW - 400, NOW);
    calls(allowance, 11, NOW);
    return { answered, allowance, asked: question(allowance, NOW) };
  };

  test("is claimed by as many calls as it will be enough for, by what the object said last", () => {
    const { allowance, asked } = asking();
    expect(asked).toMatchObject({ prefetch: 21, held: -1 });
    expect(Array.from({ length: 22 }, () => reservePrefetched(allowance, NOW))).toEqual([
      ...Array(21).fill(true),
      false,
    ]);
    const claimed = (allowance: TokenPool) =>
      [1, 2, 3, 4, 5].filter(() => reservePrefetched(allowance, NOW)).length;
    expect(claimed(asking(false, 10, of(40, 10)).allowance)).toBe(2);
    expect(claimed(asking(true, 10, of(40, 10)).allowance)).toBe(4);
    expect(claimed(asking(true, 0).allowance)).toBe(0);
  });

  test("is awaited for twice as long as the object takes, and not after it has answered", () => {
    const { allowance, asked } = asking();
    expect([0, 199, 200].map((ms) => isPrefetchPending(allowance, NOW + ms))).toEqual([true, true, false]);
    expect(reservePrefetched(allowance, NOW + 200)).toBe(false);
    requestEnded(allowance, asked, NOW, false);
    expect([isPrefetchPending(allowance, NOW), reservePrefetched(allowance, NOW)]).toEqual([false, false]);
  });

  test("is looked for eight times while the object answers, but not all the time, and not too rarely", () => {
    const after = (ms: number) => pollIntervalMs(isolate().answered({}, NOW - 4 * ms, NOW));
    expect([0, 100, 2_000].map(after)).toEqual([5, 13, 50]);
  });
});

describe("calls are refused without a question", () => {
  test("until there can be a token, counted from when the object was asked", () => {
    const allowance = isolate(of(2, 60)).answered({ granted: true, left: 0 }, NOW, NOW + 200);
    expect(isKnownEmpty(allowance, NOW + 29_999)).toBe(true);
    expect(isKnownEmpty(allowance, NOW + 30_000)).toBe(false);
  });

  test("after a refusal for an eighth of the period, a second at most, where tokens come faster than that", () => {
    for (const [limit, ms] of [
      [of(600, 60), 1_000],
      [of(100, 1), 125],
      [of(2, 60), 30_000],
    ] as const) {
      const allowance = isolate(limit).answered({ granted: false, left: 0 }, NOW - 200, NOW);
      expect(isKnownEmpty(allowance, NOW + ms - 1)).toBe(true);
      expect(isKnownEmpty(allowance, NOW + ms)).toBe(false);
    }
  });

  test("also where later answers find little; not where they find enough", () => {
    const { answered } = isolate();
    answered({ granted: false, left: 0 }, NOW);
    const allowance = answered({ left: 0.5 }, NOW + 500);
    expect(isKnownEmpty(allowance, NOW + 1_499)).toBe(true);
    expect(isKnownEmpty(answered({ left: 1 }, NOW + 600), NOW + 600)).toBe(false);
    expect(isKnownEmpty(answered({ granted: true, left: 0 }, NOW + 700), NOW + 800)).toBe(true);
    // An eighth of the limit: there is enough again.
    answered({ left: 75 }, NOW + 900);
    expect(isKnownEmpty(answered({ granted: true, left: 0 }, NOW + 1_000), NOW + 1_100)).toBe(false);
  });

  test("while another that came as soon as the time was over asks", () => {
    for (const ms of [1_000, 1_999]) {
      const allowance = isolate().answered({ granted: false, left: 0 }, NOW);
      const end = waitFor(allowance, NOW + ms);
      expect(isKnownEmpty(allowance, NOW + ms)).toBe(true);
      end();
      expect(isKnownEmpty(allowance, NOW + ms)).toBe(false);
    }
  });

  test("where none had come for long, while as many ask as there can be tokens, but not for ever", () => {
    const allowance = isolate(of(10, 5)).answered({ granted: false, left: 0 }, NOW);
    const at = NOW + 1_600;
    // Two a second: three by now, and a fourth by when a question arrives.
    const ends = [1, 2, 3, 4].map(() => {
      expect(isKnownEmpty(allowance, at)).toBe(false);
      return waitFor(allowance, at);
    });
    expect(isKnownEmpty(allowance, at)).toBe(true);
    ends[1]?.();
    expect(isKnownEmpty(allowance, at)).toBe(false);
    waitFor(allowance, at + 100);
    expect(isKnownEmpty(allowance, at + 1_999)).toBe(false);
    const one = isolate(of(2, 60)).answered({ granted: false, left: 0 }, NOW);
    waitFor(one, NOW + 30_000);
    expect(isKnownEmpty(one, NOW + 31_999)).toBe(true);
    expect(isKnownEmpty(one, NOW + 32_000)).toBe(false);
  });

  test("never because others wait, where none has been refused", () => {
    const allowance = isolate(of(2, 60)).answered({ granted: true, left: 1 }, NOW);
    for (let i = 0; i < 10; i += 1) waitFor(allowance, NOW);
    expect(isKnownEmpty(allowance, NOW)).toBe(false);
  });

  test("not because of questions that were cut off, however many came after them", () => {
    const allowance = isolate(of(10, 10)).answered({ granted: false, left: 0 }, NOW - 10_000);
    for (let i = 0; i < 40; i += 1) {
      const now = NOW + i * 1_500;
      expect(isKnownEmpty(allowance, now)).toBe(false);
      const end = waitFor(allowance, now);
      if (i % 2 === 0) end();
    }
  });

  test("not by a clock that has gone back", () => {
    const allowance = isolate(of(2, 60)).answered({ granted: false, left: 0 }, NOW);
    expect(isKnownEmpty(allowance, NOW - 60_000)).toBe(false);
  });
});

describe("of answers that come out of order", () => {
  test("the one that was decided last says what is left, and what either granted is in hand", () => {
    const { answered } = isolate();
    answered({ ...grant(2, 3), sequence: 2, left: 10 }, NOW);
    const allowance = answered({ ...grant(1, 2), sequence: 1, left: 500 }, NOW + 5);
    expect(quotaOf(allowance, NOW + 5, true).remaining).toBe(15);
    expect(quotaOf(answered({ sequence: 2, left: 11 }, NOW - 5, NOW + 6), NOW + 6, true).remaining).toBe(16);
  });
});

describe("by a clock that has gone back, a grant is not good", () => {
  test("until the clock is where it was: how old it is, is not known", () => {
    const allowance = isolate().answered(grant(1, 2), NOW);
    expect([available(allowance, NOW - 1), takeHeld(allowance, NOW - 1)]).toEqual([0, false]);
    expect(takeHeld(allowance, NOW)).toBe(true);
  });
});

describe("while the object fails", () => {
  test("an isolate takes of what it was told, and of what has come in since", () => {
    const allowance = isolate().answered({ left: 2 }, NOW);
    expect([1, 2, 3].map(() => takeLocally(allowance, NOW))).toEqual([true, true, false]);
    expect([1, 2].map(() => takeLocally(allowance, NOW + 100))).toEqual([true, false]);
  });
});

test("an isolate keeps 5,000 of them, and those that were told of longest ago go first", () => {
  const { allowances } = isolate();
  for (let i = 0; i < 5_001; i += 1) {
    applyResponse(allowances, `key-${i}`, answerOf(), LIFE, NOW, NOW);
  }
  expect([allowances.size, allowances.has("key-0"), allowances.has("key-1")]).toEqual([5_000, false, true]);
  applyResponse(allowances, "key-1", null, LIFE, NOW, NOW);
  expect(allowances.has("key-1")).toBe(false);
});
