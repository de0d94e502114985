/** Draws lines over a logarithmic axis of x, which says so, as an SVG by itself. Pure. */
import { escapeMarkup } from "./markup.ts";

export interface Line {
  readonly name: string;
  /** x and y, and whether the point has the plot's flag. */
  readonly points: readonly (readonly [x: number, y: number, isFlagged?: boolean])[];
  readonly isDashed?: boolean;
}

/** A line across, such as a limit. */
interface Mark {
  readonly y: number;
  readonly name: string;
}

interface Labels {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** What the sign on a flagged point says. */
  readonly flag?: { readonly sign: string; readonly name: string };
}

const [WIDTH, HEIGHT] = [720, 380];
const PLOT = { left: 70, right: 520, top: 40, bottom: 330 };
const COLORS = ["#b3261e", "#1f6f8b", "#3c7d3c", "#7a4ea3", "#8a6d00"];
const Y_STEPS = 5;
/** Between two numbers on the axis of x, so that none is written over another. */
const MIN_X_GAP = 40;

/**
 * Points above `maxY` are drawn at it. `minY`: if it is given, the axis of y is logarithmic, too, and begins there; points
 * below are drawn at it.
 */
export function plotOf(
  lines: readonly Line[],
  labels: Labels,
  maxY: number,
  marks: readonly Mark[] = [],
  minY?: number,
): string {
  const title = `${labels.title}, ${labels.y}`;
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const [first, last] = [xs[0] ?? 1, xs.at(-1) ?? 10];
  const xAt = (x: number) =>
    PLOT.left + (Math.log(x / first) / Math.log(last / first)) * (PLOT.right - PLOT.left);
  const shareOf = (y: number) =>
    minY === undefined ? y / maxY : Math.log(Math.max(y, minY) / minY) / Math.log(maxY / minY);
  const yAt = (y: number) => PLOT.bottom - shareOf(Math.min(y, maxY)) * (PLOT.bottom - PLOT.top);
  const text = (x: number, y: number, content: string, attributes = "") =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escapeMarkup(content)}</text>`;
  const rule = (y: number, attributes: string) =>
    `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" ${attributes}/>`;
  const steps =
    minY === undefined
      ? Array.from({ length: Y_STEPS + 1 }, (_, index) => (maxY * index) / Y_STEPS)
      : Array.from({ length: Math.round(Math.log10(maxY / minY)) + 1 }, (_, index) => minY * 10 ** index);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeMarkup(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(PLOT.left, 20, title, 'font-size="14" font-weight="bold"'),
    text(PLOT.left, HEIGHT - 8, `${labels.x} (logarithmic)`),
    ...steps.flatMap((y) => [
      rule(yAt(y), 'stroke="#ddd"'),
      text(PLOT.left - 8, yAt(y) + 4, y.toLocaleString("en"), 'text-anchor="end"'),
    ]),
    ...apart(xs, xAt).map((x) =>
      text(xAt(x), PLOT.bottom + 18, x.toLocaleString("en"), 'text-anchor="middle"'),
    ),
    ...marks.flatMap(({ y, name }) => [
      rule(yAt(y), 'stroke="#333" stroke-dasharray="5 4"'),
      text(PLOT.right + 10, yAt(y) + 4, name),
    ]),
    ...lines.map(({ name, points, isDashed }, index) => {
      const color = COLORS[index % COLORS.length];
      const path = points.map(([x, y]) => `${xAt(x).toFixed(1)},${yAt(y).toFixed(1)}`).join(" ");
      const legendY = legendAt(index);
      const dashes = isDashed ? ' stroke-dasharray="2 4"' : "";
      return (
        `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"${dashes}/>` +
        points
          .map(([x, y, isFlagged]) =>
            isFlagged && labels.flag !== undefined
              ? text(xAt(x), yAt(y) + 4, labels.flag.sign, 'text-anchor="middle"')
              : "",
          )
          .join("") +
        `<rect x="${PLOT.right + 10}" y="${legendY - 9}" width="10" height="10" fill="${color}"/>` +
        text(PLOT.right + 26, legendY, name)
      );
    }),
    ...(labels.flag === undefined
      ? []
      : [text(PLOT.right + 10, legendAt(lines.length), `${labels.flag.sign} ${labels.flag.name}`)]),
    "</svg>\n",
  ].join("\n");
}

const legendAt = (index: number) => PLOT.top + 30 + index * 20;

/** The values whose numbers do not meet on the axis, the last of all among them. */
function apart(xs: readonly number[], xAt: (x: number) => number): number[] {
  const kept: number[] = [];
  for (const x of xs.toReversed()) {
    const next = kept.at(-1);
    if (next === undefined || xAt(next) - xAt(x) >= MIN_X_GAP) kept.push(x);
  }
  return kept;
}

/** One picture of several plots, one below the other. */
export function stackPlots(title: string, plots: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT * plots.length}">`,
    `<title>${escapeMarkup(title)}</title>`,
    ...plots.map((plot, index) =>
      plot.replace("<svg ", `<svg y="${HEIGHT * index}" width="${WIDTH}" height="${HEIGHT}" `),
    ),
    "</svg>\n",
  ].join("\n");
}
