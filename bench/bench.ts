/**
 * `npm run bench`: measures the speed of a hit and the cost of requests, and compares both with peers
 * (`docs/performance.md`). Takes about seven minutes. Prints tables; `--json` adds one document in the last line.
 */
import { parseArgs } from "node:util";
import { build } from "./build.ts";
import { type Count, startCountedWorker } from "./counted-worker.ts";
import { cpuOf, type Measurements, measure, ratio, requestsOf, type Spread } from "./measure.ts";
import { countMix, MIX } from "./mixed-load.ts";
import { dollarsPerMillion } from "./prices.ts";
import { PROCESSORS } from "./processors.ts";
import { countKinds } from "./request-kinds.ts";
import { ASSEMBLED, BARE, BARE_KV, POSTERN, SANDBOX } from "./settings.ts";

// workerd must not call Cloudflare.
process.env["CLOUDFLARE_CF_FETCH_ENABLED"] ??= "false";

const { values: options } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const progress = (text: string) => process.stderr.write(`${text}\n`);
const round = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;

progress("building");
const builds = {
  postern: build(POSTERN),
  sandbox: build(SANDBOX),
  assembled: build(ASSEMBLED),
  bare: build(BARE),
  bareKv: build(BARE_KV),
};
const { measured, startMs } = await measure(builds, progress);

async function countAll(config: string, entry: string, isPostern: boolean) {
  progress(`counting the operations of ${entry}`);
  const built = build(config, entry);
  const kindsWorker = await startCountedWorker(config, built);
  const byKind = await countKinds(kindsWorker, isPostern);
  await kindsWorker.stop();
  const mixWorker = await startCountedWorker(config, built);
  const mix = await countMix(mixWorker);
  await mixWorker.stop();
  return { byKind, mix };
}
const posternCounts = await countAll(POSTERN, "bench/counted/postern.ts", true);
const assembledCounts = await countAll(ASSEMBLED, "bench/counted/assembled.ts", false);

/** CPU time of a hit, since most of the mix are hits. Unknown CPU time counts as 0: it is a hundredth of the price. */
const cpuMs = (name: string) => (cpuUsOf(measured, name) ?? 0) / 1_000;
const dollars = {
  postern: dollarsPerMillion(posternCounts.mix, posternCounts.mix.requests, cpuMs("hit_1000"), true),
  assembled: dollarsPerMillion(
    assembledCounts.mix,
    assembledCounts.mix.requests,
    cpuMs("assembled_1000"),
    false,
  ),
};
const ratios = {
  hit_vs_bare: ratio(measured, "hit", "bare"),
  hit_cpu_vs_bare: ratio(measured, "hit", "bare", "cpuUs"),
  kv_hit_vs_bare_kv: ratio(measured, "kv_hit", "bare_kv"),
  limited_vs_unlimited: ratio(measured, "hit_limited", "hit"),
  hit_vs_assembled: ratio(measured, "hit", "assembled"),
  cost_vs_assembled: dollars.postern / dollars.assembled,
};
const rounded = Object.fromEntries(
  Object.entries(ratios).map(([name, value]) => [name, value === null ? null : round(value, 2)]),
);

printTables();
if (options.json) {
  const perRequest = ({ requests, ...operations }: Count) =>
    Object.fromEntries(Object.entries(operations).map(([name, count]) => [name, round(count / requests, 4)]));
  const counts = ({ byKind, mix }: typeof posternCounts) => ({
    ...Object.fromEntries(Object.entries(byKind).map(([kind, count]) => [kind, perRequest(count)])),
    mix: perRequest(mix),
  });
  console.log(
    JSON.stringify({
      ratios: rounded,
      requests_per_second: eachOf((one) => requestsOf(one), 0),
      cpu_us_per_request: eachOf((one) => cpuOf(one), 1),
      operations_per_request: { postern: counts(posternCounts), assembled: counts(assembledCounts) },
      dollars_per_million: { postern: round(dollars.postern, 3), assembled: round(dollars.assembled, 3) },
      bundle: { bytes: builds.postern.bytes, gzip_bytes: builds.postern.gzipBytes },
      start_ms: roundedSpread(startMs, 0),
      processors: PROCESSORS,
    }),
  );
}

function cpuUsOf(all: Measurements, name: string): number | null {
  const one = all[name];
  return one === undefined ? null : (cpuOf(one)?.median ?? null);
}

function roundedSpread({ median, least, most }: Spread, digits: number) {
  return { median: round(median, digits), least: round(least, digits), most: round(most, digits) };
}

function eachOf(spread: (one: Measurements[string]) => Spread | null, digits: number) {
  return Object.fromEntries(
    Object.entries(measured).map(([name, one]) => {
      const value = spread(one);
      return [name, value === null ? null : roundedSpread(value, digits)];
    }),
  );
}

function printTables(): void {
  const cells = (spread: Spread | null, digits: number) =>
    spread === null
      ? ["", "", ""]
      : [spread.median, spread.least, spread.most].map((value) => value.toFixed(digits));
  printTable(
    ["Scenario", "requests/s", "least", "most", "CPU µs/request", "least", "most"],
    Object.values(measured).map((one) => [one.label, ...cells(requestsOf(one), 0), ...cells(cpuOf(one), 0)]),
  );
  const row = (worker: string, kind: string, { requests, ...operations }: Count) => [
    `${worker}: ${kind}`,
    ...Object.values(operations).map((count: number) => (count / requests).toFixed(3)),
  ];
  printTable(
    [
      "Operations per request",
      "KV reads",
      "KV writes",
      "object calls",
      "rows read",
      "rows written",
      "upstream",
    ],
    [["Postern", posternCounts] as const, ["assembled", assembledCounts] as const].flatMap(
      ([worker, { byKind, mix }]) => [
        ...Object.entries(byKind).map(([kind, count]) => row(worker, kind, count)),
        row(worker, `mixed load, ${MIX.requestsPerSecond}/s`, mix),
      ],
    ),
  );
  printTable(
    ["Dollars per million requests of the mixed load", ""],
    Object.entries(dollars).map(([worker, price]) => [worker, price.toFixed(2)]),
  );
  printTable(
    ["Bundle and start of Postern", ""],
    [
      ["KiB", (builds.postern.bytes / 1_024).toFixed(0)],
      ["KiB, gzip", (builds.postern.gzipBytes / 1_024).toFixed(0)],
      ["start of workerd to its first response, ms", startMs.median.toFixed(0)],
    ],
  );
  printTable(
    ["Ratio", ""],
    Object.entries(rounded).map(([name, value]) => [name, String(value)]),
  );
}

function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((name, index) =>
    Math.max(name.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join("  ");
  console.log([line(head), ...rows.map(line), ""].join("\n"));
}

process.exit(0);
