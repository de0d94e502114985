/** Draws a flame graph of a call tree: each function below the one that called it, as wide as its time. Pure. */
import { type Call, labelOf, WORKERD } from "./call-tree.ts";
import { escapeMarkup } from "./markup.ts";

const WIDTH = 1_600;
const ROW_HEIGHT = 18;
/** A call that is narrower is left out. */
const MIN_WIDTH = 0.6;
const CHARACTER_WIDTH = 6.6;

/** An SVG by itself. The full name and the shares of a function show when the mouse is over it. */
export function flameGraphOf(tree: Call, title: string): string {
  const rows: string[] = [];
  let depth = 0;

  function draw(call: Call, x: number, row: number): void {
    const width = (call.totalUs / tree.totalUs) * WIDTH;
    if (width < MIN_WIDTH) return;
    depth = Math.max(depth, row);
    const percent = (us: number) => `${((us / tree.totalUs) * 100).toFixed(1)} %`;
    const text = `${labelOf(call)}: ${percent(call.totalUs)}, itself ${percent(call.selfUs)}`;
    const label = call.name.slice(0, Math.max(0, Math.floor((width - 6) / CHARACTER_WIDTH)));
    const y = (row + 1) * ROW_HEIGHT;
    rows.push(
      `<g><title>${escapeMarkup(text)}</title><rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" ` +
        `height="${ROW_HEIGHT - 1}" fill="${colorOf(call)}"/>` +
        `<text x="${(x + 3).toFixed(1)}" y="${y + 13}">${escapeMarkup(label)}</text></g>`,
    );
    let next = x;
    for (const one of call.calls) {
      draw(one, next, row + 1);
      next += (one.totalUs / tree.totalUs) * WIDTH;
    }
  }
  draw(tree, 0, 0);
  const height = (depth + 2) * ROW_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="11">`,
    `<title>${escapeMarkup(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/><text x="3" y="13">${escapeMarkup(title)}</text>`,
    ...rows,
    "</svg>\n",
  ].join("\n");
}

/** Postern's own code in orange, native calls in it paler, dependencies in blue, workerd in grey. */
function colorOf({ place, line }: Call): string {
  if (place === WORKERD) return "#d5d5d5";
  if (line === null) return "#fce3c0";
  return place.startsWith("src/") ? "#f7b267" : "#a9cbe8";
}
