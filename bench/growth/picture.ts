/** The picture of what grows, and how. Pure. */
import { plotOf, stackPlots } from "../plot.ts";
import { LOADS } from "./limits.ts";
import { type GrowthResults, hitPoints, keyPoints, loadNames } from "./report.ts";
import type { Point } from "./verdict.ts";

const ratios = (points: readonly Point[]): Point[] => {
  const first = points[0]?.[1] ?? 1;
  return points.map(([n, value]) => [n, value / first]);
};

export function pictureOf({ hits, directory, limits }: GrowthResults): string {
  const { page, vainSearch, overview } = directory.keys;
  const growth = plotOf(
    [
      { name: "CPU of a hit, organizations", points: ratios(hitPoints(hits, "organizations")) },
      { name: "CPU of a hit, keys", points: ratios(hitPoints(hits, "keys")) },
      { name: "rows of a page of keys", points: ratios(keyPoints(page, "rowsRead")) },
      { name: "rows of a vain search", points: ratios(keyPoints(vainSearch, "rowsRead")) },
      { name: "CPU of the overview", points: ratios(keyPoints(overview, "cpuMs")) },
    ],
    { title: "Growth", x: "organizations or keys", y: "times what it takes with one" },
    10_000,
    [],
    1,
  );
  const calls = plotOf(
    loadNames.map((name) => ({
      name: `at ${LOADS[name] * 100} % of the limit`,
      points: limits[name].map((one) => [one.isolates, one.objectCallsPerRequest] as const),
    })),
    { title: "One limit", x: "isolates that share the limit and its calls", y: "object calls a request" },
    1.25,
  );
  return stackPlots("What grows, and how", [growth, calls]);
}
