/** How a figure grows with the number of things that there are. Pure. */

/** The number of things, and the figure. */
export type Point = readonly [n: number, value: number];

/** A model fits if no point is further from it than this share. */
const MAX_MISFIT = 0.2;
/** A smaller share of the largest figure is lost in the others' errors, as a time of 0 ms is. */
const LEAST_SHARE = 1 / 500;
/** The last step of figures that level off grows by no more than this share. */
const LEVEL_SHARE = 0.1;
/** A smaller power of n says less than how many times as much the last figure is. */
const MIN_EXPONENT = 0.1;

/**
 * The simplest description that fits: `constant`, `grows with log n`, `linear`, `levels off` (grows first, and no more in
 * the last step), `falls`, or `as n^0.5`, and `1.3 times` for less than the tenth power. `no trend`: one between
 * differs, and the last is as the first. `tolerance`: by what share figures may differ that are the same, since figures of
 * time vary with the machine. The points are in order of n, which is at least 1, and there are two or more.
 */
export function verdictOf(points: readonly Point[], tolerance: number): string {
  const values = points.map(([, value]) => value);
  const [first = 0, last = 0] = [values[0], values.at(-1)];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (most <= least * (1 + tolerance)) return "constant";
  if (first > last * (1 + tolerance)) return "falls";
  if (last <= first * (1 + tolerance)) return "no trend";
  const models = [
    { name: "grows with log n", misfit: misfitOf(points, Math.log) },
    { name: "linear", misfit: misfitOf(points, (n) => n) },
  ].sort((one, other) => one.misfit - other.misfit);
  const [best] = models;
  if (points.length > 2 && last <= (values.at(-2) ?? 0) * (1 + LEVEL_SHARE)) return "levels off";
  if (points.length > 2 && best !== undefined && best.misfit <= MAX_MISFIT) return best.name;
  const exponent = exponentOf(points);
  return exponent < MIN_EXPONENT ? `${(last / first).toFixed(1)} times` : `as n^${exponent.toFixed(1)}`;
}

/**
 * By what share the points differ from `a + b · of(n)` at most, for the a and b that fit them best: least squares, each
 * point weighted by its size, so that a small figure counts as much as a large one.
 */
function misfitOf(points: readonly Point[], of: (n: number) => number): number {
  const least = Math.max(...points.map(([, y]) => y)) * LEAST_SHARE;
  let [weights, sumX, sumY, sumXx, sumXy] = [0, 0, 0, 0, 0];
  for (const [n, y] of points) {
    const [x, weight] = [of(n), 1 / Math.max(y, least) ** 2];
    weights += weight;
    sumX += weight * x;
    sumY += weight * y;
    sumXx += weight * x * x;
    sumXy += weight * x * y;
  }
  const b = (weights * sumXy - sumX * sumY) / (weights * sumXx - sumX * sumX);
  const a = (sumY - b * sumX) / weights;
  return Math.max(...points.map(([n, y]) => Math.abs(a + b * of(n) - y) / Math.max(y, least)));
}

/** Returns the exponent of the power of n that leads from the first point to the last. */
function exponentOf(points: readonly Point[]): number {
  const [first, last] = [points[0] ?? [1, 1], points.at(-1) ?? [1, 1]];
  const least = first[1] > 0 ? first[1] : last[1] * LEAST_SHARE;
  return Math.log(last[1] / least) / Math.log(last[0] / first[0]);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
