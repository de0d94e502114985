/**
 * The text of a scrape: Prometheus 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/) or OpenMetrics 1.0
 * (https://prometheus.io/docs/specs/om/open_metrics_spec/). Pure.
 */
import { BUILD_HELP, FAMILIES, type Family, KEY_REQUESTS, KEYS_HELP } from "./families.ts";
import type { MetricsSnapshot } from "./metrics-snapshot.ts";
import {
  BUCKET_SECONDS,
  COUNTER_LABELS,
  type CounterName,
  LAST_BUCKET,
  parseSeriesId,
  SUM,
} from "./series.ts";

export type Format = "prometheus" | "openmetrics";

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

interface ExpositionOptions {
  readonly format: Format;
  readonly version: string;
  /** Whether to show a series for each key. */
  readonly perKey: boolean;
}

type Labels = readonly (readonly [name: string, value: string])[];

/** A counter's series, by the values of its labels as JSON. */
type Values = Map<string, number>;

export function formatMetrics(
  snapshot: MetricsSnapshot,
  { format, version, perKey }: ExpositionOptions,
): string {
  const text = new MetricText(format, snapshot.createdAt);
  const values = valuesByName(snapshot.series);
  for (const [name, family] of Object.entries(FAMILIES) as [CounterName, Family][]) {
    if (family.type === "histogram") text.histogram(family, values[name]);
    else text.counter(family, COUNTER_LABELS[name], values[name]);
  }
  if (perKey) {
    const keys = snapshot.keys.flatMap(({ keyId, outcomes }) =>
      Object.entries(outcomes).map(([outcome, count]) => [JSON.stringify([keyId, outcome]), count] as const),
    );
    text.counter(KEY_REQUESTS, ["key_id", "outcome"], new Map(keys));
  }
  text.gauge(
    "postern_keys",
    KEYS_HELP,
    Object.entries(snapshot.keyStatuses).map(([status, count]) => [[["status", status]], count]),
  );
  text.info("postern_build", BUILD_HELP, [["version", version]]);
  return text.end();
}

/** Also those without any series. What another version has counted and this one does not know is left out. */
function valuesByName(series: MetricsSnapshot["series"]): Readonly<Record<CounterName, Values>> {
  const empty = Object.entries(FAMILIES).map(
    ([name, { initial }]) => [name, new Map(initial.map((labels) => [JSON.stringify(labels), 0]))] as const,
  );
  const values = Object.fromEntries(empty) as Record<CounterName, Values>;
  for (const [id, count] of Object.entries(series)) {
    const parsed = parseSeriesId(id);
    if (parsed !== null) values[parsed.name].set(JSON.stringify(parsed.labels), count);
  }
  return values;
}

class MetricText {
  readonly #isOpenMetrics: boolean;
  /** In seconds since the epoch. */
  readonly #created: string;
  readonly #lines: string[] = [];

  constructor(format: Format, createdAt: number) {
    this.#isOpenMetrics = format === "openmetrics";
    this.#created = String(createdAt / 1_000);
  }

  counter({ name, help }: Family, labelNames: readonly string[], values: Values): void {
    this.#head(this.#isOpenMetrics ? name : `${name}_total`, "counter", help);
    for (const [json, count] of values) {
      const labelValues = JSON.parse(json) as string[];
      const labels = labelNames.map((label, index) => [label, labelValues[index] ?? ""] as const);
      this.#sample(`${name}_total`, labels, count);
      this.#createdSample(name, labels);
    }
  }

  /** `values`: those of its buckets, each for itself, and its sum in ms. */
  histogram({ name, help }: Family, values: Values): void {
    const countOf = (label: string) => values.get(JSON.stringify([label])) ?? 0;
    this.#head(name, "histogram", help, "seconds");
    let count = 0;
    for (const bound of BUCKET_SECONDS) {
      count += countOf(String(bound));
      // Numbers of OpenMetrics are written as floats: `1.0`.
      const le = this.#isOpenMetrics && Number.isInteger(bound) ? `${bound}.0` : String(bound);
      this.#sample(`${name}_bucket`, [["le", le]], count);
    }
    count += countOf(LAST_BUCKET);
    this.#sample(`${name}_bucket`, [["le", LAST_BUCKET]], count);
    this.#sample(`${name}_sum`, [], countOf(SUM) / 1_000);
    this.#sample(`${name}_count`, [], count);
    this.#createdSample(name, []);
  }

  gauge(name: string, help: string, samples: readonly (readonly [Labels, number])[]): void {
    this.#head(name, "gauge", help);
    for (const [labels, value] of samples) this.#sample(name, labels, value);
  }

  /** Prometheus has no such type: it shows a gauge that is always 1. */
  info(name: string, help: string, labels: Labels): void {
    if (this.#isOpenMetrics) this.#head(name, "info", help);
    else this.#head(`${name}_info`, "gauge", help);
    this.#sample(`${name}_info`, labels, 1);
  }

  end(): string {
    if (this.#isOpenMetrics) this.#lines.push("# EOF");
    return `${this.#lines.join("\n")}\n`;
  }

  #head(name: string, type: string, help: string, unit?: string): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    if (this.#isOpenMetrics && unit !== undefined) this.#lines.push(`# UNIT ${name} ${unit}`);
  }

  #createdSample(name: string, labels: Labels): void {
    if (this.#isOpenMetrics) this.#lines.push(`${name}_created${formatLabels(labels)} ${this.#created}`);
  }

  #sample(name: string, labels: Labels, value: number): void {
    this.#lines.push(`${name}${formatLabels(labels)} ${value}`);
  }
}

function formatLabels(labels: Labels): string {
  if (labels.length === 0) return "";
  return `{${labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(",")}}`;
}

const escapeLabel = (value: string) =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
