/** What the Directory sums up of many isolates, with faults of all kinds, on a virtual clock. The parts: test/metrics/. */
import { expect, test } from "vitest";
import { type CountingSetting, simulateCounting } from "./counting-world.ts";
import { createUniform } from "./load.ts";

function worldOf(seed: number): CountingSetting {
  const random = createUniform(seed);
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  return {
    seed,
    isolates: pick([1, 2, 5, 12]),
    minutes: pick([2, 5]),
    syncMs: pick([500, 2_500, 30_000]),
    requestMs: pick([200, 2_000, 20_000]),
    lost: pick([0, 0.05, 0.4]),
    twice: pick([0, 0.3]),
    restartsPerMinute: pick([0, 1, 6]),
    endsPerMinute: pick([0, 1, 4]),
    scrapesPerMinute: pick([0, 1, 10]),
  };
}

const WORLDS = 300;

test("in 300 worlds of any fault, no request is counted twice, and only what an ended isolate held is missed", () => {
  let counted = 0;
  let missed = 0;
  let restarts = 0;
  for (let seed = 1; seed <= WORLDS; seed += 1) {
    const outcome = simulateCounting(worldOf(seed));
    restarts += outcome.restarts;
    for (const isolate of outcome.isolates) {
      counted += isolate.counted;
      missed += isolate.counted - isolate.summed;
      const least = isolate.hasEnded ? isolate.settled : isolate.counted;
      if (isolate.summed > isolate.counted || isolate.summed < least)
        expect.fail(`world of seed ${seed}: ${JSON.stringify(isolate)}`);
    }
  }
  // The worlds are such as to show it.
  expect(counted).toBeGreaterThan(100_000);
  expect(missed).toBeGreaterThan(100);
  expect(restarts).toBeGreaterThan(300);
});

test("no scrape shows less than the one before, or more than was counted by then", () => {
  for (let seed = 1; seed <= WORLDS; seed += 1) {
    let before = 0;
    for (const { summed, counted } of simulateCounting({ ...worldOf(seed), scrapesPerMinute: 10 }).scrapes) {
      if (summed < before || summed > counted)
        expect.fail(`world of seed ${seed}: ${summed} after ${before}`);
      before = summed;
    }
  }
});

test("reports cost one row a minute at most, and a scrape one more", () => {
  for (let seed = 1; seed <= WORLDS; seed += 1) {
    const { rowsWritten, scrapes } = simulateCounting(worldOf(seed));
    // Seven minutes, and six more until the last report is stored.
    expect(rowsWritten).toBeLessThanOrEqual(worldOf(seed).minutes + 7 + scrapes.length);
  }
});

test("without faults, a scrape lacks at most what was counted in the last two syncs", () => {
  const setting = {
    ...worldOf(1),
    isolates: 5,
    minutes: 5,
    syncMs: 2_500,
    requestMs: 100,
    scrapesPerMinute: 10,
  };
  const calm = { ...setting, lost: 0, twice: 0, restartsPerMinute: 0, endsPerMinute: 0 };
  const { scrapes } = simulateCounting(calm);
  expect(scrapes.length).toBeGreaterThan(30);
  // 50 requests a second, 6 s.
  for (const { summed, counted } of scrapes) expect(counted - summed).toBeLessThan(400);
});
