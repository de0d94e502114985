import { describe, expect, test } from "vitest";
import { type Limit, unitsPerToken } from "../../src/limits/bucket.ts";
import { callDelayMs, grantSize } from "../../src/limits/grant-policy.ts";
import { limitOf, responseOf } from "../support/token-pool.ts";

describe("the size of a grant", () => {
  test.each([
    [1, 99, limitOf(100, 3_600), 1, "what is wanted"],
    [200, 99, limitOf(100, 3_600), 1, "1/64 of what is left"],
    [200, 49, limitOf(50, 3_600), 0, "1/64 of less than 64: none"],
    [200, 9_999, limitOf(10_000, 86_400), 156, "1/64 of what is left of a slow limit"],
    [200, 599, limitOf(600, 60), 20, "two seconds of refill"],
    [200, 6_000, limitOf(6_000, 60), 200, "what is wanted of a fast limit"],
    [200, 100, limitOf(100, 1), 25, "a quarter of what is left of a period of a second"],
    [200, 1_000, limitOf(100, 1), 50, "half a period of a second"],
    [200, 400, limitOf(6_000, 60), 200, "all that is wanted if tokens are scarce"],
    [200, 80, limitOf(6_000, 60), 80, "all that is left if tokens are scarce"],
    [200, 0, limitOf(6_000, 60), 0, "nothing of nothing"],
    [0, 6_000, limitOf(6_000, 60), 0, "nothing if nothing is wanted"],
    [200, 160, limitOf(1_000, 5), 40, "a quarter of what is left"],
  ])("a grant of %i wanted and %i left under %o has %i tokens: %s", (wanted, left, limit, size) => {
    expect(grantSize(wanted, 0, left, limit, false)).toBe(size);
  });
});

test("a sole consumer gets two fifths of what is left, and more if calls wait", () => {
  const limit = limitOf(6_000, 60);
  expect(grantSize(200, 0, 400, limitOf(1_000, 5), true)).toBe(160);
  expect(grantSize(500, 0, 4_000, limit, true)).toBe(200);
  expect(grantSize(500, -30, 4_000, limit, true)).toBe(230);
});

test("tokens that the isolate holds are not granted again", () => {
  const limit = limitOf(600, 60);
  expect([0, 5, 19, 20, 300].map((held) => grantSize(200, held, 599, limit, false))).toEqual([
    20, 15, 1, 0, 0,
  ]);
});

describe("a call that is early for its token", () => {
  /** For a bucket that has its next token in `msLeft`. */
  const held = (limit: Limit, msLeft: number, granted: boolean | null = false) =>
    callDelayMs(responseOf({ limit, granted, level: unitsPerToken(limit) - msLeft * limit.limit }));

  test("a call is held until its token comes, if that is within the jitter of messages", () => {
    expect([1, 300, 301].map((ms) => held(limitOf(1, 60), ms))).toEqual([1, 300, null]);
  });

  test("a call is not held if tokens come fast, since another comes soon", () => {
    expect(held(limitOf(10, 3), 100)).toBe(100);
    expect(held(limitOf(10, 2), 100)).toBeNull();
  });

  test("a call is not held if it has its token, or needs none", () => {
    expect([held(limitOf(1, 60), 0, true), held(limitOf(1, 60), 100, null)]).toEqual([null, null]);
  });
});
