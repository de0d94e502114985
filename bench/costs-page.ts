/** The tables of `docs/costs.md`, from the prices and the formula. */
import { formatTable, replaceBetween } from "../dev/markdown.ts";
import {
  DOLLARS_PER_MILLION,
  INCLUDED_PER_MONTH,
  LOG_PRICES,
  PLAN_DOLLARS,
  type Usage,
} from "../src/metrics/prices.ts";
import { DEFAULTS, type Load, monthlyCost, operationsPerSecond, type Settings } from "./load-costs.ts";

/** What the table supposes. */
const LOADS: readonly Load[] = [
  { requestsPerSecond: 1, isolates: 2, keys: 5, organizations: 100, memberShare: 0.02 },
  { requestsPerSecond: 100, isolates: 10, keys: 20, organizations: 1_000, memberShare: 0.02 },
  { requestsPerSecond: 10_000, isolates: 100, keys: 100, organizations: 10_000, memberShare: 0.02 },
];
const [, MEDIUM, LARGE] = LOADS as [Load, Load, Load];

const CHANGES: readonly (readonly [string, (load: Load) => Load, Partial<Settings>])[] = [
  ["the defaults", (load) => load, {}],
  ["`LEASE_SECONDS` 15", (load) => load, { leaseSeconds: 15 }],
  ["`CACHE_MEMORY_SECONDS` 30", (load) => load, { memorySeconds: 30 }],
  ["`CACHE_FRESH_SECONDS` 600, with webhooks", (load) => load, { freshSeconds: 600 }],
  ["`LOG_HIT_SAMPLE_RATE` 0.01", (load) => load, { logHitSampleRate: 0.01 }],
  [
    "these four",
    (load) => load,
    { leaseSeconds: 15, memorySeconds: 30, freshSeconds: 600, logHitSampleRate: 0.01 },
  ],
  ["four times as many isolates", (load) => ({ ...load, isolates: load.isolates * 4 }), {}],
  ["`invocation_logs = true`", (load) => load, { invocationLogs: true }],
];

const NAMES: readonly (readonly [keyof Usage, string])[] = [
  ["requests", "requests to the Worker"],
  ["cpuMs", "milliseconds of its CPU time"],
  ["kvReads", "reads of KV"],
  ["kvWrites", "writes to KV"],
  ["objectCalls", "calls of Durable Objects"],
  ["gigabyteSeconds", "gigabyte-seconds of Durable Objects"],
  ["rowsRead", "rows that they read"],
  ["rowsWritten", "rows that they write"],
];

/** From the load that `docs/performance.md` counts, step by step to that of the first table. */
const STEPS: readonly (readonly [string, Partial<Load>, isWhole: boolean])[] = [
  ["20 isolates, 50 keys, 1,000 organizations", { isolates: 20, keys: 50, organizations: 1_000 }, false],
  ["the same, with logs and the plan", { isolates: 20, keys: 50, organizations: 1_000 }, true],
  ["with 100 keys and 10,000 organizations", { isolates: 20 }, true],
  ["and over 100 isolates", {}, true],
];

const whole = (value: number) => Math.round(value).toLocaleString("en-US");
const price = (value: number) => (value < 0.01 ? String(value) : value.toFixed(2));
const dollars = (value: number) => (value < 100 ? value.toFixed(2) : whole(value));

function loadsTable(): string {
  const rows = LOADS.map((load) => {
    const { plan, requests, kv, objects, logs, total } = monthlyCost(load, DEFAULTS);
    const { upstreamCalls } = operationsPerSecond(load, DEFAULTS);
    const millions = (load.requestsPerSecond * 730 * 3_600) / 1e6;
    return [
      whole(load.requestsPerSecond),
      `${load.isolates}, ${load.keys}, ${whole(load.organizations)}`,
      upstreamCalls < 10 ? upstreamCalls.toFixed(1) : whole(upstreamCalls),
      ...[plan, requests, kv, objects, logs].map(dollars),
      `**${dollars(total)}**`,
      (total / millions).toFixed(2),
    ];
  });
  const head = [
    "Requests/s",
    "Isolates, keys, organizations",
    "Stytch/s",
    "Plan",
    "Requests",
    "KV",
    "Objects",
  ];
  return formatTable([[...head, "Logs", "**$ a month**", "$ a million"], ...rows]);
}

function stepsTable(): string {
  const millions = (LARGE.requestsPerSecond * 730 * 3_600) / 1e6;
  const rows = STEPS.map(([name, change, isWhole]) => {
    const { total, plan, logs } = monthlyCost({ ...LARGE, ...change }, DEFAULTS);
    return [name, ((isWhole ? total : total - plan - logs) / millions).toFixed(2)];
  });
  return formatTable([[`${whole(LARGE.requestsPerSecond)} requests a second`, "$ a million"], ...rows]);
}

function changesTable(): string {
  const rows = CHANGES.map(([name, change, settings]) => [
    name,
    ...[MEDIUM, LARGE].map((load) => dollars(monthlyCost(change(load), { ...DEFAULTS, ...settings }).total)),
  ]);
  return formatTable([
    ["With", `$ a month at ${MEDIUM.requestsPerSecond}/s`, `at ${whole(LARGE.requestsPerSecond)}/s`],
    ...rows,
  ]);
}

function pricesTable(): string {
  const amount = (count: number) =>
    count >= 1e9 ? `${count / 1e9} billion` : count >= 1e6 ? `${count / 1e6} million` : whole(count);
  const { ingestedDollars, ingestedIncluded, storedDollars, storedIncluded } = LOG_PRICES;
  return formatTable([
    ["What", "Included in a month", "Beyond it"],
    ["the Workers Paid plan", "", `$${price(PLAN_DOLLARS)} a month`],
    ...NAMES.map(([name, text]) => [
      text,
      amount(INCLUDED_PER_MONTH[name]),
      `$${price(DOLLARS_PER_MILLION[name])} a million`,
    ]),
    ["logs and traces that are taken in", `${ingestedIncluded} GB`, `$${price(ingestedDollars)} a GB`],
    ["logs and traces that are kept", `${storedIncluded} GB-month`, `$${price(storedDollars)} a GB-month`],
  ]);
}

/** Replaces the tables in the text of the page. */
export function withCostTables(page: string): string {
  const tables = {
    loads: loadsTable(),
    steps: stepsTable(),
    changes: changesTable(),
    prices: pricesTable(),
  };
  return Object.entries(tables).reduce(
    (text, [name, table]) =>
      replaceBetween(text, `<!-- \`npm run costs\` writes: ${name} -->\n`, `<!-- end: ${name} -->\n`, table),
    page,
  );
}
