/** Draws stacked bars with uPlot, in the colours of style.css, as wide as their holder. */
import uPlot from "uplot";
import { formatAxis, formatShort } from "../format.ts";
import type { Bucket } from "../hours.ts";

const HEIGHT = 220;
/** The width of a bar: its share of the space for it, and at most so many pixels. */
const BAR_SIZE: [number, number] = [0.72, 36];

/**
 * `sums`: the upper ends of the bars, one row a series, the first at the bottom. `onPoint` is called with the index of
 * the bar under the pointer; null when there is none.
 */
export function drawBars(
  holder: HTMLElement,
  buckets: readonly Bucket<string>[],
  sums: readonly (readonly number[])[],
  colors: readonly string[],
  onPoint: (index: number | null) => void,
): { plot: uPlot; remove: () => void } {
  const color = (name: string) => getComputedStyle(holder).getPropertyValue(`--plot-${name}`).trim();
  const bars = uPlot.paths.bars?.({ size: BAR_SIZE });
  // The highest is drawn first, and each covers the part of it that is its own and what is below.
  const rows = sums.map((values, index) => ({ values, color: colors[index] ?? "" })).reverse();
  const text = { stroke: () => color("text"), font: `12px ${getComputedStyle(holder).fontFamily}` };
  const halfBar = ((buckets[0]?.hours ?? 1) * 3_600) / 2;
  const plot = new uPlot(
    {
      width: holder.clientWidth,
      height: HEIGHT,
      // On the right, for half of the last label.
      padding: [12, 24, 0, 0],
      legend: { show: false },
      cursor: { drag: { setScale: false }, points: { show: false }, y: false },
      scales: {
        x: { range: (_, min, max) => [min - halfBar, max + halfBar] },
        y: { range: (_, __, max) => [0, niceMax(max)] },
      },
      axes: [
        {
          ...text,
          grid: { show: false },
          ticks: { stroke: () => color("grid"), width: 1, size: 4 },
          space: 64,
          values: (_, marks, __, ___, step) =>
            formatAxis(
              marks.map((mark) => mark * 1_000),
              step * 1_000,
            ),
        },
        {
          ...text,
          size: 52,
          grid: { stroke: () => color("grid"), width: 1 },
          ticks: { show: false },
          incrs: [
            1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7, 1e8,
          ],
          values: (_, values) => values.map(formatShort),
        },
      ],
      series: [
        {},
        ...rows.map((row) => ({
          fill: () => color(row.color),
          width: 0,
          points: { show: false },
          ...(bars === undefined ? {} : { paths: bars }),
        })),
      ],
      hooks: {
        setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)],
      },
    },
    [buckets.map(({ at }) => at / 1_000), ...rows.map(({ values }) => [...values])],
    holder,
  );
  const sizes = new ResizeObserver(() => plot.setSize({ width: holder.clientWidth, height: HEIGHT }));
  sizes.observe(holder);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const redraw = () => plot.redraw();
  scheme.addEventListener("change", redraw);
  const remove = () => {
    sizes.disconnect();
    scheme.removeEventListener("change", redraw);
    plot.destroy();
  };
  return { plot, remove };
}

/** Some room above the highest bar; never an empty scale. */
const niceMax = (max: number | null) => Math.max(4, (max ?? 0) * 1.08);
