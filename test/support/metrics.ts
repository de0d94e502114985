/// <reference path="./prometheus-text.d.ts" />
/** The metrics as a scraper reads them. */
import parse from "parse-prometheus-text-format";

/** Counters by name and labels: `postern_purges_total{source="admin"}`. Series that are zero are left out. */
export type Samples = Record<string, number>;

interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly metrics: readonly {
    readonly value?: string;
    readonly labels?: Record<string, string>;
    readonly count?: string;
    readonly sum?: string;
    readonly buckets?: Record<string, string>;
  }[];
}

/** The families of a Prometheus text, by a parser that is not Postern's. */
export const parseFamilies = (text: string) => parse(text) as ParsedFamily[];

/** All that is not zero. A histogram has its count alone, which does not depend on the clock. */
export function parseSamples(text: string): Samples {
  const samples: Samples = {};
  for (const { name, type, metrics } of parseFamilies(text)) {
    for (const { value, labels = {}, count } of metrics) {
      const pairs = Object.entries(labels).map(([label, of]) => `${label}="${of}"`);
      const sample = type === "HISTOGRAM" ? `${name}_count` : name;
      const number = Number(type === "HISTOGRAM" ? count : value);
      if (number !== 0) samples[pairs.length === 0 ? sample : `${sample}{${pairs.join(",")}}`] = number;
    }
  }
  return samples;
}

/** What was counted between two scrapes. */
export function increase(before: Samples, after: Samples): Samples {
  const changes = Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)] as const);
  return Object.fromEntries(changes.filter(([, change]) => change !== 0));
}
