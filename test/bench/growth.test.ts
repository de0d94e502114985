/** How `npm run growth` names growth, and its simulated limit. What it measures: docs/performance.md. */
import { expect, test } from "vitest";
import { measureLimit } from "../../bench/growth/limits.ts";
import { median, type Point, verdictOf } from "../../bench/growth/verdict.ts";
import { plotOf, stackPlots } from "../../bench/plot.ts";

const pointsOf = (numbers: readonly number[], of: (n: number) => number): Point[] =>
  numbers.map((n) => [n, of(n)]);
const NUMBERS = [1, 100, 10_000];

test.each<[string, (n: number) => number]>([
  ["constant", () => 7],
  ["constant", () => 0],
  ["constant", (n) => (n === 100 ? 7.3 : 7)],
  ["linear", (n) => n],
  ["linear", (n) => 40 + 0.01 * n],
  ["linear", (n) => 1.1 * n + 3],
  ["linear", (n) => (n === 1 ? 0 : n / 1_000)],
  ["grows with log n", (n) => 5 + 2 * Math.log2(n)],
  ["levels off", (n) => Math.min(n, 50) + 2],
  ["falls", (n) => 10 / n],
  ["no trend", (n) => (n === 100 ? 12 : 7)],
  ["no trend", (n) => (n === 100 ? 12 : n === 1 ? 7.3 : 7)],
  ["as n^0.5", (n) => Math.sqrt(n)],
  ["as n^2.0", (n) => n * n],
])("growth that is %s is called that, case %#", (verdict, of) => {
  expect(verdictOf(pointsOf(NUMBERS, of), 0.05)).toBe(verdict);
});

test("figures are constant only within the tolerance", () => {
  const points: Point[] = [
    [1, 10],
    [5_000, 12.9],
  ];
  expect(verdictOf(points, 0.3)).toBe("constant");
  expect(verdictOf(points, 0.2)).toBe("1.3 times");
});

test("figures that differ by less than the tolerance neither fall nor grow", () => {
  const points = (...values: readonly number[]): Point[] =>
    values.map((value, i) => [NUMBERS[i] ?? 0, value]);
  // Two rows of a run, in ms.
  expect(verdictOf(points(0.073, 0.12, 0.068), 0.4)).toBe("no trend");
  expect(verdictOf(points(0.01, 0.0098, 0.0073), 0.4)).toBe("constant");
  expect(verdictOf(points(0.073, 0.12, 0.102), 0.4)).toBe("no trend");
  expect(verdictOf(points(0.073, 0.12, 0.103), 0.4)).not.toBe("no trend");
  expect(verdictOf(points(0.073, 0.12, 0.05), 0.4)).toBe("falls");
});

test("two points tell no law but the power of n between them", () => {
  expect(
    verdictOf(
      [
        [1, 1],
        [100, 100],
      ],
      0.05,
    ),
  ).toBe("as n^1.0");
});

test("a median is the middle of the values, whatever their order", () => {
  expect(median([100, 2, 30])).toBe(30);
});

test("a limit that 16 isolates share admits no call too many, and refuses none below it", () => {
  const size = { seconds: 10, runs: 1 };
  const [one, many] = [measureLimit("below", 1, size), measureLimit("below", 16, size)];
  for (const figures of [one, many]) {
    expect(figures).toMatchObject({ isWithinLimit: true, wronglyRefusedShare: 0 });
  }
  expect(many.objectCallsPerRequest).toBeGreaterThan(4 * one.objectCallsPerRequest);
  expect(many.p99WaitMs).toBeGreaterThan(one.p99WaitMs);
  const above = measureLimit("above", 16, size);
  expect(above.isWithinLimit).toBe(true);
  expect(above.wronglyRefusedShare).toBeLessThan(0.1);
});

test("a logarithmic axis has a step for each power of ten, and numbers that do not meet", () => {
  const points: Point[] = [
    [1, 1],
    [9_000, 10],
    [10_000, 100],
  ];
  const labels = { title: "Growth", x: "n", y: "times" };
  const svg = plotOf([{ name: "a", points }], labels, 100, [], 1);
  expect(svg).toContain('points="70.0,330.0 514.9,185.0 520.0,40.0"');
  expect(svg.match(/stroke="#ddd"/g)).toHaveLength(3);
  expect(svg).toContain(">10,000</text>");
  expect(svg).not.toContain(">9,000</text>");
  const both = stackPlots("a < b", [svg, svg]);
  expect(both).toContain('viewBox="0 0 720 760"');
  expect(both).toContain("<title>a &lt; b</title>");
  expect(both).toContain('<svg y="380" ');
});
