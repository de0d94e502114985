/** Hourly counts as the bars of a plot. */
import { expect, test } from "vitest";
import { bucketsOf, fillHours, stack } from "../../console/hours.ts";

const NOW = Date.parse("2026-11-29T12:34:56Z");
const counted = [
  { hour: "2026-11-29T10:00:00Z", hits: 5, misses: 1 },
  { hour: "2026-11-29T12:00:00Z", hits: 2 },
  { hour: "2026-11-20T12:00:00Z", hits: 99 },
];

test("an hour without traffic is there, and the current one is the last", () => {
  const hours = fillHours(counted, 4, NOW).map(({ at, counts }) => [
    new Date(at).getUTCHours(),
    counts?.hits,
  ]);
  expect(hours).toEqual([
    [9, undefined],
    [10, 5],
    [11, undefined],
    [12, 2],
  ]);
});

test("a count that is missing is zero", () => {
  expect(bucketsOf(counted, ["hits", "misses"], 3, NOW).map(({ counts }) => counts)).toEqual([
    { hits: 5, misses: 1 },
    { hits: 0, misses: 0 },
    { hits: 2, misses: 0 },
  ]);
});

test.each([
  [6, 6, 1, 7],
  [72, 72, 1, 7],
  [168, 28, 6, 7],
  [720, 30, 24, 106],
])("%d hours are %d bars of %d hours, and no count is lost", (hours, bars, size, hits) => {
  const buckets = bucketsOf(counted, ["hits"], hours, NOW);
  const total = buckets.reduce((sum, { counts }) => sum + counts.hits, 0);
  expect([buckets.length, buckets.at(-1)?.hours, total]).toEqual([bars, size, hits]);
});

test("each series stands on those before it, which do not change", () => {
  const lowest = [1, 2];
  expect(stack([lowest, [10, 0], [0, 5]])).toEqual([
    [1, 2],
    [11, 2],
    [11, 7],
  ]);
  expect(lowest).toEqual([1, 2]);
});
