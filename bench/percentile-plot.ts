/** Draws the latencies of tiers over a logarithmic axis, as an SVG by itself. Pure. */
import { escapeMarkup } from "./markup.ts";
import type { Answerer, TierLatency } from "./tier-latency.ts";

const WIDTH = 860;
const PLOT = { left: 250, right: 835, top: 96 };
/** Between the two loads of an answerer, between answerers, and between tiers. */
const [LOAD_STEP, ANSWERER_STEP, TIER_STEP] = [9, 25, 18];
const COLORS: Readonly<Record<Answerer, string>> = {
  "bare Worker": "#5f6368",
  Postern: "#b3261e",
  assembled: "#1f6f8b",
};
const [INK, GRID] = ["#202124", "#ddd"];
const TITLE = "Latency by tier: ms from when a request was due to the end of its answer, open loop";

type Mark = (x: number, y: number, color: string) => string;

const tick =
  (height: number): Mark =>
  (x, y, color) =>
    `<rect x="${(x - 1).toFixed(1)}" y="${y - height / 2}" width="2" height="${height}" fill="${color}"/>`;
const circle =
  (isFilled: boolean): Mark =>
  (x, y, color) =>
    `<circle cx="${x.toFixed(1)}" cy="${y}" r="3" fill="${isFilled ? color : "#fff"}" stroke="${color}" stroke-width="1.5"/>`;

/** In the order of `PERCENTILES`. */
const MARKS: readonly (readonly [string, Mark])[] = [
  ["p50", circle(true)],
  ["p95", tick(6)],
  ["p99", tick(9)],
  ["p99.9", circle(false)],
];

/** A line from the median to the highest percentile for each row, and one label for the rows of the same answerer. */
export function percentilePlotOf(rows: readonly TierLatency[]): string {
  const values = rows.flatMap(({ latencies }) => latencies.filter((latency) => latency !== null));
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.ceil(Math.log10(Math.max(...values)));
  const xOf = (ms: number) =>
    PLOT.left + ((Math.log10(ms) - first) / (last - first)) * (PLOT.right - PLOT.left);
  const lines: string[] = [];
  let y = PLOT.top;
  rows.forEach((row, index) => {
    const before = rows[index - 1];
    const isNewTier = before?.tier !== row.tier;
    const isNewAnswerer = isNewTier || before.answerer !== row.answerer;
    if (before !== undefined) y += isNewAnswerer ? ANSWERER_STEP : LOAD_STEP;
    if (before !== undefined && isNewTier) y += TIER_STEP;
    const color = COLORS[row.answerer];
    if (isNewTier) lines.push(text(12, y - 12, row.tier, 'font-weight="bold"'));
    if (isNewAnswerer)
      lines.push(text(PLOT.left - 12, y + 9, row.answerer, `text-anchor="end" fill="${color}"`));
    lines.push(lineOf(row, y, xOf, color));
  });
  const height = y + 46;
  const decades = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" fill="${INK}">`,
    `<title>${TITLE}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(12, 22, TITLE, 'font-size="14" font-weight="bold"'),
    ...legend(),
    ...decades.flatMap((ms) => [
      ...(ms === decades.at(-1) ? [] : [2, 5].map((factor) => rule(xOf(ms * factor), height, "#f1f1f1"))),
      rule(xOf(ms), height, GRID),
      text(xOf(ms), height - 12, ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`, 'text-anchor="middle"'),
    ]),
    ...lines,
    "</svg>\n",
  ].join("\n");
}

const text = (x: number, y: number, content: string, attributes = "") =>
  `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escapeMarkup(content)}</text>`;

const rule = (x: number, height: number, color: string) =>
  `<line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="60" y2="${height - 28}" stroke="${color}"/>`;

function legend(): string[] {
  const marks = MARKS.flatMap(([name, mark], index) => [
    mark(18 + index * 60, 41, INK),
    text(26 + index * 60, 45, name),
  ]);
  const text50 = "upper line, pale: 50 % of the capacity; lower line: 90 %; dashed: see * and † in the table";
  return [...marks, text(PLOT.left + 12, 45, text50)];
}

function lineOf(
  { share, latencies, ...row }: TierLatency,
  y: number,
  xOf: (ms: number) => number,
  color: string,
) {
  const xs = latencies.map((ms) => (ms === null ? null : xOf(ms)));
  const known = xs.filter((x) => x !== null);
  const dashes = row.isGeneratorLate || row.isOverloaded ? ' stroke-dasharray="4 3"' : "";
  const ends = `x1="${known[0]?.toFixed(1)}" x2="${known.at(-1)?.toFixed(1)}" y1="${y}" y2="${y}"`;
  const marks = MARKS.map(([, mark], index) => {
    const x = xs[index] ?? null;
    return x === null ? "" : mark(x, y, color);
  });
  return `<g opacity="${share < 0.9 ? 0.55 : 1}"><line ${ends} stroke="${color}" stroke-width="1.5"${dashes}/>${marks.join("")}</g>`;
}
