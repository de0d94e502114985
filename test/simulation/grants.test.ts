/** One bucket and many isolates on a virtual clock. The decisions of the parts: test/limits/. */
import { describe, expect, test } from "vitest";
import type { Limit } from "../../src/limits/bucket.ts";
import { simulate } from "./limited-world.ts";
import { callsByChance, countAdmissible, createUniform, isWithin, steadyCalls } from "./load.ts";
import type { Setting } from "./world.ts";

const of = (limit: number, period_seconds: number): Limit => ({ limit, period_seconds });
const LIMITS = [
  of(1, 1),
  of(2, 1),
  of(5, 1),
  of(100, 1),
  of(1_000, 1),
  of(7, 3),
  of(10, 10),
  of(600, 60),
  of(6_000, 60),
  of(50, 3_600),
  of(100_000, 3_600),
  of(1_000, 86_400),
];
const FAR = [5, 300] as const;
const NEAR = [5, 40] as const;

/** A world of any kind: up to 64 isolates, skewed and bursty load, faults. */
function worldOf(seed: number): Setting {
  const random = createUniform(seed);
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const limit = pick(LIMITS);
  const isolates = pick([1, 1, 2, 3, 8, 64]);
  const seconds = pick([2, 5, 15]);
  const rate = limit.limit / limit.period_seconds;
  const perSecond = Math.min(rate * pick([0.5, 1.1, 2, 10]), 4_000 / seconds);
  const weights = Array.from({ length: isolates }, (_, i) => (random() < 0.3 ? 5 : 1 / (i + 1)));
  return {
    seed,
    limit,
    isolates,
    leaseMs: pick([1_000, 5_000]),
    delayMs: pick([FAR, NEAR, [100, 300]]),
    lost: pick([0, 0, 0.02, 0.2]),
    twice: pick([0, 0.02]),
    endsPerSecond: pick([0, 0, 0.02, 1]) * isolates,
    beginsEmpty: random() < 0.3,
    calls: callsByChance(random, perSecond, seconds, weights, random() < 0.5),
  };
}

test("in 2,000 worlds of any load and fault, no stretch of time exceeds its bound", () => {
  let admitted = 0;
  for (let seed = 1; seed <= 2_000; seed += 1) {
    const world = worldOf(seed);
    const outcome = simulate(world);
    admitted += outcome.admitted.length;
    if (!isWithin(world.limit, outcome.admitted)) expect.fail(`exceeded in the world of seed ${seed}`);
  }
  expect(admitted).toBeGreaterThan(200_000);
});

describe("a saturated limit", () => {
  const worlds = Array.from({ length: 150 }, (_, i): Setting => {
    const random = createUniform(i + 10_000);
    const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
    const limit = pick([
      of(2, 1),
      of(100, 1),
      of(7, 3),
      of(10, 10),
      of(600, 60),
      of(6_000, 60),
      of(100_000, 3_600),
    ]);
    const isolates = pick([1, 2, 8, 64]);
    const weights = Array.from({ length: isolates }, (_, index) => (random() < 0.3 ? 5 : 1 / (index + 1)));
    const perSecond = (limit.limit / limit.period_seconds) * pick([1.2, 2, 10]);
    const calls = callsByChance(random, perSecond, 30, weights, random() < 0.5);
    return { seed: i, limit, isolates, delayMs: pick([FAR, NEAR]), beginsEmpty: true, calls };
  });

  const used = worlds.map((world) => {
    const admissible = countAdmissible(world.limit, world.calls, world.beginsEmpty);
    return { world, share: simulate(world).admitted.length / admissible };
  });
  const least = (shares: typeof used) => Math.min(...shares.map(({ share }) => share));

  test("a saturated limit admits 9/10 of what one bucket would, in each of 150 worlds", () => {
    expect(least(used.filter(({ world }) => world.limit.limit > 2))).toBeGreaterThan(0.9);
    expect(used.reduce((total, { share }) => total + share, 0) / used.length).toBeGreaterThan(0.98);
  });

  test("a saturated limit of two calls a second admits more than 85 %", () => {
    expect(least(used)).toBeGreaterThan(0.85);
  });
});

describe("a lone caller at a steady rate below its limit", () => {
  test("a lone caller below its limit is never refused, in 1,000 worlds", () => {
    for (let seed = 1; seed <= 1_000; seed += 1) {
      const random = createUniform(seed);
      const limit = of(2 + Math.floor(random() * random() * 300), 1 + Math.floor(random() * 60));
      const perSecond = (limit.limit / limit.period_seconds) * (0.5 + random() * 0.499);
      const calls = steadyCalls(perSecond, Math.min(30, 1_500 / perSecond));
      const delayMs = random() < 0.5 ? FAR : NEAR;
      const { refused } = simulate({ seed, limit, isolates: 1, delayMs, calls, beginsEmpty: false });
      expect(refused, `seed ${seed}`).toBe(0);
    }
  });

  test("a lone caller is never refused by a limit of one call, though messages are late", () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const period_seconds = 1 + (seed % 20);
      const calls = steadyCalls(
        (1 / period_seconds) * (0.9 + createUniform(seed)() * 0.099),
        60 * period_seconds,
      );
      const { refused } = simulate({ seed, limit: of(1, period_seconds), isolates: 1, delayMs: FAR, calls });
      expect(refused, `seed ${seed}`).toBe(0);
    }
  });

  test("a lone caller is never refused at hundreds of calls a second over slow messages", () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const random = createUniform(seed);
      const limit = of(20 + Math.floor(random() * 300), 1);
      const calls = steadyCalls(limit.limit * (0.8 + random() * 0.199), 5);
      const { refused } = simulate({ seed, limit, isolates: 1, delayMs: FAR, calls });
      expect(refused, `seed ${seed}`).toBe(0);
    }
  });

  test("a lone caller is never refused if its calls go to eight isolates in turn", () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const random = createUniform(seed);
      const limit = of(10 + Math.floor(random() * 1_000), 1 + Math.floor(random() * 30));
      const perSecond = (limit.limit / limit.period_seconds) * 0.95;
      const calls = steadyCalls(perSecond, Math.min(30, 1_500 / perSecond), 8);
      const { refused } = simulate({ seed, limit, isolates: 8, delayMs: NEAR, calls });
      expect(refused, `seed ${seed}`).toBe(0);
    }
  });
});

describe("object calls at 100 calls a second in each isolate", () => {
  const callsAt = (isolates: number) =>
    callsByChance(
      createUniform(isolates),
      100 * isolates,
      20,
      Array.from({ length: isolates }, () => 1),
    );
  const ratio = (setting: Omit<Setting, "seed" | "calls">) => {
    const { admitted, objectCalls } = simulate({ ...setting, seed: 1, calls: callsAt(setting.isolates) });
    return objectCalls / admitted.length;
  };
  test.each([1, 8, 64])(
    "%i isolates below the limit make less than 0.1 object calls per admitted call",
    (isolates) => {
      for (const delayMs of [NEAR, FAR]) {
        expect(ratio({ limit: of(isolates * 1_200, 10), isolates, delayMs })).toBeLessThan(0.1);
        expect(ratio({ limit: of(isolates * 200, 1), isolates, delayMs })).toBeLessThan(0.1);
      }
      expect(ratio({ limit: of(isolates * 120, 1), isolates, delayMs: NEAR })).toBeLessThan(0.1);
    },
  );

  test.each([1, 8, 64])(
    "%i isolates above the limit make less than 0.1 object calls per admitted call",
    (isolates) => {
      expect(
        ratio({ limit: of(isolates * 900, 10), isolates, delayMs: NEAR, beginsEmpty: true }),
      ).toBeLessThan(0.1);
    },
  );
});
