import { describe, expect, test } from "vitest";
import { createRandom } from "../../sandbox/random.ts";

const SAMPLES = 1_000;

function draw<T>(next: () => T): T[] {
  return Array.from({ length: SAMPLES }, next);
}

describe("createRandom", () => {
  test("a seed gives the same sequence every time, and another seed another sequence", () => {
    const sequence = draw(createRandom(1).fraction);
    expect(draw(createRandom(1).fraction)).toEqual(sequence);
    expect(draw(createRandom(2).fraction)).not.toEqual(sequence);
  });

  test("fraction stays in [0, 1) and averages one half", () => {
    const fractions = draw(createRandom(3).fraction);
    expect(Math.min(...fractions)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...fractions)).toBeLessThan(1);
    expect(fractions.reduce((sum, each) => sum + each, 0) / SAMPLES).toBeCloseTo(0.5, 1);
  });

  test("int reaches both of its bounds and never exceeds them", () => {
    const random = createRandom(4);
    expect(new Set(draw(() => random.int(2, 5)))).toEqual(new Set([2, 3, 4, 5]));
  });

  test("sample keeps the order of the list, repeats no item and respects its bounds", () => {
    const random = createRandom(5);
    for (const items of draw(() => random.sample([1, 2, 3, 4, 5], 1, 3))) {
      expect(items).toEqual([...new Set(items)].sort());
      expect(items.length).toBeGreaterThanOrEqual(1);
      expect(items.length).toBeLessThanOrEqual(3);
    }
  });

  test("timestamp is at or after its start and before its end", () => {
    const random = createRandom(6);
    const times = draw(() => random.timestamp("2026-01-01T00:00:00Z", "2026-01-01T00:00:03Z"));
    expect([...new Set(times)].sort()).toEqual([
      "2026-01-01T00:00:00Z",
      "2026-01-01T00:00:01Z",
      "2026-01-01T00:00:02Z",
    ]);
  });
});
