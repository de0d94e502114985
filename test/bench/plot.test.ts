/** The plots of `npm run scale` and `npm run growth`. */
import { expect, test } from "vitest";
import { plotOf } from "../../bench/plot.ts";

test("a plot leaves out a number on its axis that would touch the next", () => {
  const points = [1_000, 2_000, 2_500, 3_000, 5_000, 10_000].map((x) => [x, 0] as const);
  const svg = plotOf([{ name: "a", points }], { title: "Load", x: "isolates", y: "calls" }, 100);
  const numbers = svg.matchAll(/y="348.0" text-anchor="middle">([^<]+)</g);
  expect([...numbers].map(([, number]) => number)).toEqual(["10,000", "5,000", "3,000", "2,000", "1,000"]);
});
