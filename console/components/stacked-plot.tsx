/** Stacked bars over time, with the same as a table for whoever cannot see them. */
import { useEffect, useRef, useState } from "hono/jsx/dom";
import type uPlot from "uplot";
import { formatCount, formatRange, formatShort } from "../format.ts";
import { type Bucket, stack } from "../hours.ts";
import { drawBars } from "./draw-bars.ts";
import { Table } from "./table.tsx";

export interface Series {
  readonly name: string;
  readonly label: string;
  /** The end of the name of a custom property of style.css: `hits` for `--plot-hits`. */
  readonly color: string;
}

interface Props {
  /** What is counted, such as "Requests by outcome". */
  readonly label: string;
  readonly series: readonly Series[];
  readonly buckets: readonly Bucket<string>[];
}

/** Series without any count are left out of the legend. Below the bars are the counts of the hour under the pointer. */
export function StackedPlot({ label, series, buckets }: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const used = series.filter(({ name }) => buckets.some(({ counts }) => (counts[name] ?? 0) > 0));
  const data = JSON.stringify([used.map(({ name }) => name), buckets]);

  useEffect(() => {
    if (holder.current === null) return;
    const sums = stack(used.map(({ name }) => buckets.map(({ counts }) => counts[name] ?? 0)));
    const colors = used.map(({ color }) => color);
    const drawn = drawBars(holder.current, buckets, sums, colors, setPointed);
    plot.current = drawn.plot;
    return () => {
      drawn.remove();
      plot.current = null;
    };
  }, [data]);

  const bucket = pointed === null ? undefined : buckets[pointed];
  const total = (name: string) => buckets.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0);
  const all = used.reduce((sum, { name }) => sum + total(name), 0);
  return (
    <figure class="plot">
      <div
        class="plot-canvas"
        ref={holder}
        role="img"
        aria-label={`${label}: ${formatCount(all)} in all. The table below has the figures.`}
      />
      <figcaption>
        <span class="plot-when">
          {bucket === undefined ? "In all" : formatRange(bucket.at, bucket.hours)}
        </span>
        <ul class="legend">
          {used.map(({ name, label: seriesLabel, color }) => (
            <li>
              <span class={`swatch swatch-${color}`} />
              {seriesLabel}
              <b>{formatShort(bucket === undefined ? total(name) : (bucket.counts[name] ?? 0))}</b>
            </li>
          ))}
        </ul>
      </figcaption>
      <details>
        <summary>Show as a table</summary>
        <Table
          caption={label}
          rows={[...buckets]
            .reverse()
            .filter(({ counts }) => used.some(({ name }) => (counts[name] ?? 0) > 0))}
          rowKey={({ at }) => String(at)}
          columns={[
            { title: "Time", cell: ({ at, hours }) => formatRange(at, hours) },
            ...used.map(({ name, label: title }) => ({
              title,
              isNumber: true,
              cell: ({ counts }: Bucket<string>) => formatCount(counts[name] ?? 0),
            })),
          ]}
        />
      </details>
    </figure>
  );
}
