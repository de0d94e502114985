/** Draws lines over a logarithmic axis of x as an SVG by itself. Pure. */
import { escapeMarkup } from "./markup.ts";

export interface Line {
  readonly name: string;
  /** x and y. */
  readonly points: readonly (readonly [number, number])[];
}

interface Labels {
  readonly title: string;
  readonly x: string;
  readonly y: string;
}

const [WIDTH, HEIGHT] = [720, 380];
const PLOT = { left: 70, right: 520, top: 40, bottom: 330 };
const COLORS = ["#b3261e", "#1f6f8b", "#3c7d3c", "#7a4ea3", "#8a6d00"];
const Y_STEPS = 5;

/** Points above `maxY` are drawn at it. `mark`: a line across, such as a limit. */
export function plotOf(
  lines: readonly Line[],
  labels: Labels,
  maxY: number,
  mark?: { readonly y: number; readonly name: string },
): string {
  const title = `${labels.title}, ${labels.y}`;
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const [first, last] = [xs[0] ?? 1, xs.at(-1) ?? 10];
  const xAt = (x: number) =>
    PLOT.left + (Math.log(x / first) / Math.log(last / first)) * (PLOT.right - PLOT.left);
  const yAt = (y: number) => PLOT.bottom - (Math.min(y, maxY) / maxY) * (PLOT.bottom - PLOT.top);
  const text = (x: number, y: number, content: string, attributes = "") =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escapeMarkup(content)}</text>`;
  const rule = (y: number, attributes: string) =>
    `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" ${attributes}/>`;
  const steps = Array.from({ length: Y_STEPS + 1 }, (_, index) => (maxY * index) / Y_STEPS);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeMarkup(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(PLOT.left, 20, title, 'font-size="14" font-weight="bold"'),
    text(PLOT.left, HEIGHT - 8, labels.x),
    ...steps.flatMap((y) => [
      rule(yAt(y), 'stroke="#ddd"'),
      text(PLOT.left - 8, yAt(y) + 4, y.toLocaleString("en"), 'text-anchor="end"'),
    ]),
    ...xs.map((x) => text(xAt(x), PLOT.bottom + 18, x.toLocaleString("en"), 'text-anchor="middle"')),
    ...(mark === undefined
      ? []
      : [
          rule(yAt(mark.y), 'stroke="#333" stroke-dasharray="5 4"'),
          text(PLOT.right + 10, yAt(mark.y) + 4, mark.name),
        ]),
    ...lines.map(({ name, points }, index) => {
      const color = COLORS[index % COLORS.length];
      const path = points.map(([x, y]) => `${xAt(x).toFixed(1)},${yAt(y).toFixed(1)}`).join(" ");
      const legendY = PLOT.top + 30 + index * 20;
      return (
        `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>` +
        `<rect x="${PLOT.right + 10}" y="${legendY - 9}" width="10" height="10" fill="${color}"/>` +
        text(PLOT.right + 26, legendY, name)
      );
    }),
    "</svg>\n",
  ].join("\n");
}
