import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Bucket,
  convertToLimit,
  fullBucket,
  type Limit,
  msUntilFull,
  msUntilToken,
  refill,
  takeFromBucket,
  tokensIn,
  unitsPerToken,
} from "../../src/limits/bucket.ts";
import { NOW } from "../support/clock.ts";
import { limitOf } from "../support/token-pool.ts";

const limits = fc.record({
  limit: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1_000_000 })),
  period_seconds: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 86_400 })),
});

/** Makes `calls` calls at this time, one after the other, and counts those that are admitted. */
function drain(
  bucket: Bucket,
  limit: Limit,
  now: number,
  calls: number,
): { bucket: Bucket; admitted: number } {
  let state = bucket;
  let admitted = 0;
  for (let i = 0; i < calls; i += 1) {
    const taken = takeFromBucket(state, limit, now);
    state = taken.bucket;
    admitted += taken.granted ? 1 : 0;
  }
  return { bucket: state, admitted };
}

test("a full bucket admits its limit at once, and not one more", () => {
  expect(drain(fullBucket(limitOf(50, 3_600), NOW), limitOf(50, 3_600), NOW, 300).admitted).toBe(50);
});

test("a token comes back to the millisecond, and not before", () => {
  const limit = limitOf(3, 10);
  const { bucket } = drain(fullBucket(limit, NOW), limit, NOW, 3);
  expect(takeFromBucket(bucket, limit, NOW + 3_333).granted).toBe(false);
  expect(takeFromBucket(bucket, limit, NOW + 3_334).granted).toBe(true);
});

test("any stretch of T seconds admits at most limit + T · limit / period calls", () => {
  fc.assert(
    fc.property(
      limits,
      fc.array(fc.tuple(fc.nat(100_000), fc.integer({ min: 1, max: 30 })), { maxLength: 30 }),
      (limit, bursts) => {
        const admittedAt: number[] = [];
        let now = NOW;
        // A small bucket is the hard case; a large one begins empty.
        let bucket = limit.limit > 20 ? { level: 0, at: NOW } : fullBucket(limit, NOW);
        for (const [pause, calls] of bursts) {
          now += pause;
          const drained = drain(bucket, limit, now, calls);
          bucket = drained.bucket;
          admittedAt.push(...Array(drained.admitted).fill(now));
        }
        for (const [first, from] of admittedAt.entries()) {
          const last = admittedAt.length - 1;
          const stretchMs = (admittedAt[last] ?? from) - from;
          // In whole numbers: count · period ≤ limit · period + T · limit.
          const count = BigInt(last - first + 1);
          const period = BigInt(limit.period_seconds * 1_000);
          const bound = BigInt(limit.limit) * period + BigInt(stretchMs) * BigInt(limit.limit);
          expect(count * period <= bound).toBe(true);
        }
      },
    ),
  );
});

test("a lone caller at a steady rate below the limit is never refused", () => {
  fc.assert(
    fc.property(limits, (limit) => {
      const everyMs = Math.ceil((limit.period_seconds * 1_000) / limit.limit);
      let bucket: Bucket = { level: 0, at: NOW };
      for (let i = 1; i <= 50; i += 1) {
        const taken = takeFromBucket(bucket, limit, NOW + i * everyMs);
        expect(taken.granted).toBe(true);
        bucket = taken.bucket;
      }
    }),
  );
});

test("a bucket loses nothing if it is refilled often, however long the period", () => {
  const limit = limitOf(1, 86_400);
  let bucket: Bucket = { level: 0, at: NOW };
  for (let i = 1; i <= 86_400; i += 1) bucket = refill(bucket, limit, NOW + i * 1_000);
  expect(takeFromBucket(bucket, limit, NOW + 86_400_000).granted).toBe(true);
});

test("the level of the largest limit is exact over the longest time", () => {
  const limit = limitOf(1_000_000, 86_400);
  const bucket = refill({ level: 0, at: 0 }, limit, NOW);
  expect(bucket.level).toBe(1_000_000 * 86_400_000);
  expect(Number.isSafeInteger(bucket.level)).toBe(true);
});

test("a clock that goes back neither adds nor removes tokens", () => {
  const limit = limitOf(2, 10);
  const { bucket } = drain(fullBucket(limit, NOW), limit, NOW, 1);
  const back = refill(bucket, limit, NOW - 60_000);
  expect(back).toEqual(bucket);
  expect(refill(back, limit, NOW)).toEqual(bucket);
});

describe("a changed limit", () => {
  test("a changed limit keeps the tokens that are left, up to its capacity", () => {
    const { bucket } = drain(fullBucket(limitOf(100, 60), NOW), limitOf(100, 60), NOW, 70);
    expect(
      tokensIn(convertToLimit(bucket, limitOf(100, 60), limitOf(1_000, 60), NOW).level, limitOf(1_000, 60)),
    ).toBe(30);
    expect(
      tokensIn(convertToLimit(bucket, limitOf(100, 60), limitOf(10, 3_600), NOW).level, limitOf(10, 3_600)),
    ).toBe(10);
  });

  test("a changed limit never makes a token, whatever the two limits are", () => {
    fc.assert(
      fc.property(limits, limits, fc.double({ min: 0, max: 1, noNaN: true }), (from, to, share) => {
        const level = Math.floor(fullBucket(from, NOW).level * share);
        const before = tokensIn(level, from);
        const after = convertToLimit({ level, at: NOW }, from, to, NOW);
        expect(tokensIn(after.level, to)).toBe(Math.min(before, to.limit));
        expect(Number.isSafeInteger(after.level)).toBe(true);
      }),
    );
  });
});

test("tokens and times computed from a level are exact", () => {
  fc.assert(
    fc.property(limits, fc.double({ min: 0, max: 1, noNaN: true }), (limit, share) => {
      const bucket = { level: Math.floor(fullBucket(limit, NOW).level * share), at: NOW };
      const tokens = tokensIn(bucket.level, limit);
      if (tokens < 50) expect(drain(bucket, limit, NOW, tokens + 1).admitted).toBe(tokens);
      const next = msUntilToken(bucket.level, limit);
      expect(takeFromBucket(bucket, limit, NOW + next).granted).toBe(true);
      expect(next === 0).toBe(tokens > 0);
      if (next > 0) expect(takeFromBucket(bucket, limit, NOW + next - 1).granted).toBe(false);
      const toFull = msUntilFull(bucket.level, limit);
      expect(refill(bucket, limit, NOW + toFull).level).toBe(fullBucket(limit, NOW).level);
      if (toFull > 0)
        expect(refill(bucket, limit, NOW + toFull - 1).level).toBeLessThan(fullBucket(limit, NOW).level);
    }),
  );
});

test("outstanding tokens keep their places: a bucket refills only up to them", () => {
  const limit = limitOf(10, 10);
  const empty = { level: 0, at: NOW };
  expect(tokensIn(refill(empty, limit, NOW + 60_000, 4).level, limit)).toBe(6);
  expect(tokensIn(refill(empty, limit, NOW + 60_000, 12).level, limit)).toBe(0);
  expect(refill(empty, limit, NOW + 6_000, 4).level).toBe(6 * unitsPerToken(limit));
});
