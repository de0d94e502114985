/** What dashboard, alerts and documents ask Prometheus for is what a scrape shows. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { KNOWN_LABELS, scrapeSamples } from "./scrape-samples.ts";

const FILES = ["grafana.json", "alerts.rules.yml", "monitoring.md", "incidents.md", "costs.md"] as const;

/** The strings of a JSON file, without their escapes; another file as it is. */
function textOf(file: string): string {
  const text = readFileSync(`docs/${file}`, "utf8");
  if (!file.endsWith(".json")) return text;
  const strings: string[] = [];
  JSON.parse(text, (_, value: unknown) => {
    if (typeof value === "string") strings.push(value);
    return value;
  });
  return strings.join("\n");
}

const samples = scrapeSamples();

/** What is wrong with the selectors of this text, such as `postern_purges_total{source="admin"}`. */
function unknownNames(text: string): string[] {
  const selectors = [...text.matchAll(/\b(postern_\w+)(?:\{([^}]*)\})?/g)];
  return selectors.flatMap(([selector, name = "", matchers = ""]) => {
    const shown = samples.filter((sample) => sample.name === name);
    if (shown.length === 0) return [`${selector}: there is no such metric`];
    return [...matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].flatMap(
      ([, label = "", operator, value = ""]) => {
        if (label === "job") return [];
        const values = shown.map(({ labels }) => labels[label]).filter((known) => known !== undefined);
        const alternatives = operator?.endsWith("~") ? value.split("|") : [value];
        return alternatives
          .filter((one) => !values.some((known) => new RegExp(`^(?:${one})$`).test(known)))
          .map((one) => `${selector}: ${label} is never ${one}`);
      },
    );
  });
}

/** Labels that the text groups by, or shows, and that nothing has. */
function unknownLabels(text: string): string[] {
  const grouped = [...text.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = ""]) => labels.split(/,\s*/));
  const shown = [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label = ""]) => label);
  return [...grouped, ...shown].filter((label) => !KNOWN_LABELS.has(label));
}

test.each(FILES)("every metric, label and value in docs/%s is one of a scrape", (file) => {
  const text = textOf(file);
  expect(unknownNames(text)).toEqual([]);
  expect(unknownLabels(text)).toEqual([]);
});

test("a metric, label or value that no scrape shows is found", () => {
  expect(unknownNames('sum(rate(postern_purges_total{job="$job",source=~"admin|cron"}[5m]))')).toEqual([
    'postern_purges_total{job="$job",source=~"admin|cron"}: source is never cron',
  ]);
  expect(unknownNames('postern_purges_total{sauce="admin"}')).toHaveLength(1);
  expect(unknownNames('postern_degraded_total{part!="kv"}')).toHaveLength(1);
  expect(unknownNames("postern_purges")).toHaveLength(1);
  expect(unknownNames('postern_http_requests_total{status=~"5..",error_type!=""}')).toEqual([]);
  expect(unknownLabels("sum by (job, source, cause) (x) {{ $labels.part }} {{sauce}}")).toEqual([
    "cause",
    "sauce",
  ]);
});
