/** Prints the tables of the benchmark. */
import type { Built } from "../dev/build.ts";
import type { CostAtRate } from "./cost-table.ts";
import type { Count } from "./counted-worker.ts";
import { cpuOf, type Measurements, requestsOf, type Spread } from "./measure.ts";
import type { Latency, MissLatency } from "./miss-latency.ts";
import { BUSY } from "./mixed-load.ts";
import { printTable } from "./print-table.ts";
import { describeBar, isMet, type Ratios } from "./ratios.ts";

/** The operations of one Worker. */
export interface Counts {
  readonly byKind: Readonly<Record<string, Count>>;
  readonly mix: Count;
}

export function printScenarios(measured: Measurements): void {
  const cells = (spread: Spread | null, digits: number) =>
    spread === null
      ? ["", "", ""]
      : [spread.median, spread.least, spread.most].map((value) => value.toFixed(digits));
  printTable(
    ["Scenario", "requests/s", "least", "most", "CPU µs/request", "least", "most"],
    Object.values(measured).map((one) => [one.label, ...cells(requestsOf(one), 0), ...cells(cpuOf(one), 0)]),
  );
}

export function printMisses({
  directMs,
  directAfterKvMs,
  directInObjectMs,
  missMs,
  firstMissMs,
}: MissLatency): void {
  const row = (label: string, { median, p90 }: Latency) => [label, median.toFixed(2), p90.toFixed(2)];
  printTable(
    ["One miss at a time, Stytch on this machine, ms", "median", "90 %"],
    [
      row("a bare Worker that asks Stytch", directMs),
      row("the same, after a read of KV that finds nothing", directAfterKvMs),
      row("the same, in an object that all isolates ask", directInObjectMs),
      row("Postern: miss", missMs),
      row("Postern: first miss of an organization", firstMissMs),
    ],
  );
}

/** By the name of the Worker. */
export function printOperations(counts: Readonly<Record<string, Counts>>): void {
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
    Object.entries(counts).flatMap(([worker, { byKind, mix }]) => [
      ...Object.entries(byKind).map(([kind, count]) => row(worker, kind, count)),
      row(worker, `mixed load, ${BUSY.requestsPerSecond}/s`, mix),
    ]),
  );
}

export function printDollars(dollars: Readonly<Record<string, number>>): void {
  printTable(
    ["Dollars per million requests of the mixed load", ""],
    Object.entries(dollars).map(([worker, price]) => [worker, price.toFixed(2)]),
  );
}

/** What the mixed load costs at each rate, and how many questions of a lease a burst makes. */
export function printCosts(
  rows: readonly { readonly postern: CostAtRate; readonly assembled: CostAtRate }[],
  burstLeaseQuestions: number,
): void {
  const perRequest = ({ count }: CostAtRate, kind: "kvReads" | "kvWrites" | "objectCalls" | "rowsWritten") =>
    (count[kind] / count.requests).toFixed(3);
  printTable(
    ["Requests/s, isolates", "KV reads", "KV writes", "object calls", "rows", "$", "assembled $", "ratio"],
    rows.map(({ postern, assembled }) => [
      `${Number(postern.requestsPerSecond.toFixed(3))}, ${postern.isolates}`,
      perRequest(postern, "kvReads"),
      perRequest(postern, "kvWrites"),
      perRequest(postern, "objectCalls"),
      perRequest(postern, "rowsWritten"),
      postern.dollars.toFixed(2),
      assembled.dollars.toFixed(2),
      (postern.dollars / assembled.dollars).toFixed(2),
    ]),
  );
  console.log(`burst_lease_questions: ${burstLeaseQuestions}`);
}

export function printBundle({ bytes, gzipBytes }: Built, startMs: Spread): void {
  printTable(
    ["Bundle and start of Postern", ""],
    [
      ["KiB", (bytes / 1_024).toFixed(0)],
      ["KiB, gzip", (gzipBytes / 1_024).toFixed(0)],
      ["start of workerd to its first response, ms", startMs.median.toFixed(0)],
    ],
  );
}

/** `isJudged`: whether to say which bars are met. */
export function printRatios(ratios: Ratios, isJudged: boolean): void {
  const verdict = (met: boolean | null) => (met === null ? "" : met ? "met" : "MISSED");
  printTable(
    ["Ratio", "", "bar", ...(isJudged ? [""] : [])],
    Object.entries(ratios).map(([name, value]) => [
      name,
      value === null ? "unknown" : value.toFixed(2),
      describeBar(name),
      ...(isJudged ? [verdict(isMet(name, value))] : []),
    ]),
  );
}
