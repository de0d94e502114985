/** The Grafana dashboard as a whole; prometheus-names.test.ts checks what it asks for. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { costOf } from "../../src/metrics/cost.ts";
import { FAMILIES, KEY_REQUESTS } from "../../src/metrics/families.ts";
import { CPU_MS_PER_REQUEST, dollarsPerMillion, type Operations } from "../../src/metrics/prices.ts";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly panels?: readonly Panel[];
}

const file = readFileSync("docs/grafana.json", "utf8");
const dashboard = JSON.parse(file) as { readonly panels: readonly Panel[] };
const panels = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
const charts = panels.filter(({ type }) => type !== "row");
const expressions = (of: readonly Panel[]) =>
  of.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

test("every chart has a title, a description, a unit and the chosen data source", () => {
  for (const { title, description = "", datasource, fieldConfig, targets = [] } of charts) {
    expect(title).not.toBe("");
    expect(description, title).not.toBe("");
    expect(fieldConfig?.defaults.unit ?? "", title).not.toBe("");
    expect(datasource?.uid, title).toMatch(/^\$\{datasource\}$/);
    expect(targets.length, title).toBeGreaterThan(0);
  }
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
});

test("no chart of the dashboard covers another or leaves its 24 columns", () => {
  for (const group of [dashboard.panels, ...dashboard.panels.map(({ panels: inner = [] }) => inner)]) {
    const cells = group.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of group) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  }
});

test("every metric is on the dashboard, and those by key only in a row that is closed", () => {
  const all = expressions(charts).join("\n");
  for (const { name } of Object.values(FAMILIES)) expect(all).toContain(`${name}_`);
  expect(all).toContain("postern_keys{");
  expect(all).toContain("postern_build_info{");
  expect(expressions(dashboard.panels).join("\n")).not.toContain(KEY_REQUESTS.name);
});

test("every expression of the dashboard is of the chosen deployment", () => {
  for (const expression of expressions(charts)) {
    expect(expression.match(/postern_\w+/g)?.length).toBe(
      expression.match(/postern_\w+\{job="\$job"/g)?.length,
    );
  }
});

const NO_OPERATIONS: Operations = {
  kvReads: 0,
  kvWrites: 0,
  objectCalls: 0,
  rowsRead: 0,
  rowsWritten: 0,
  upstreamCalls: 0,
};

const requestPrice = dollarsPerMillion(NO_OPERATIONS, 1, 0, true);

/** What a million of these costs. */
const priceOf = (operation: keyof Operations) =>
  dollarsPerMillion({ ...NO_OPERATIONS, [operation]: 1 }, 1, 0, true) - requestPrice;

test("the dashboard's cost has the prices of the benchmark's formula, for 730 hours", () => {
  const targets = charts.find(({ title }) => title === "Cost per month by what is paid for")?.targets ?? [];
  const prices = Object.fromEntries(
    targets.map(({ expr, legendFormat }) => {
      const [, price, millionsPerMonth] = /^([\d.]+) \* ([\d.]+) \* /.exec(expr) ?? [];
      expect(Number(millionsPerMonth)).toBe((730 * 3_600) / 1e6);
      return [legendFormat, Number(price)];
    }),
  );
  expect(prices).toEqual({
    requests: requestPrice,
    CPU: expect.closeTo(dollarsPerMillion(NO_OPERATIONS, 1, 1, true) - requestPrice),
    "KV reads": expect.closeTo(priceOf("kvReads")),
    "KV writes": expect.closeTo(priceOf("kvWrites")),
    "object calls": expect.closeTo(priceOf("objectCalls") + priceOf("rowsRead"), 9),
    "objects waiting for Stytch": expect.closeTo(priceOf("upstreamCalls"), 9),
    "rows written": expect.closeTo(priceOf("rowsWritten")),
  });
});

test("the dashboard's cost has the CPU time of the benchmark, and the rows of a lease of the overview", () => {
  const targets = charts.find(({ title }) => title === "Cost per month by what is paid for")?.targets ?? [];
  const factorOf = (legend: string, factor: RegExp) =>
    Number(factor.exec(targets.find(({ legendFormat }) => legendFormat === legend)?.expr ?? "")?.[1]);
  expect(factorOf("CPU", /^0\.02 \* 2\.628 \* ([\d.]+) \* /)).toBe(CPU_MS_PER_REQUEST);
  const rowsPerLease = factorOf("rows written", /\(([\d.]+) \* sum\(rate\(postern_key_lease_duration/);
  const million = 1_000_000;
  const counts = { "http_requests|/x|200|": million, "key_lease_duration|0.005": million };
  const expected =
    requestPrice + priceOf("objectCalls") + priceOf("rowsRead") + rowsPerLease * priceOf("rowsWritten");
  expect(costOf(counts, 1).usd_per_million).toBeCloseTo(expected, 2);
});

test("the dashboard's total cost is the sum of what is paid for", () => {
  const parts = charts.find(({ title }) => title === "Cost per month by what is paid for")?.targets ?? [];
  const [total] = charts.find(({ title }) => title === "Cost per month")?.targets ?? [];
  const sum = parts.map(({ expr }) => `(${expr.replaceAll("[1h]", "[$__range]")} or vector(0))`).join(" + ");
  expect(total?.expr).toBe(sum);
});
