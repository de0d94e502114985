/** The tables of `docs/performance.md`, in Markdown. Pure. */
import { formatTable } from "../../dev/markdown.ts";
import {
  type DirectoryResults,
  KEY_COUNTS,
  KEY_OPERATIONS,
  type OperationFigures,
  PURGE_COUNTS,
  PURGE_OPERATIONS,
} from "./directory.ts";
import type { HitFigures, HitResults, WorldName } from "./hits.ts";
import { WORLDS } from "./hits.ts";
import { type LimitFigures, LOADS, type LoadName } from "./limits.ts";
import { type Point, verdictOf } from "./verdict.ts";

export interface GrowthResults {
  readonly hits: HitResults;
  readonly directory: DirectoryResults;
  readonly limits: Readonly<Record<LoadName, readonly LimitFigures[]>>;
}

/** By what share figures of the same thing differ from run to run. */
const TIME_TOLERANCE = 0.4;
const COUNT_TOLERANCE = 0.05;

export const loadNames = Object.keys(LOADS) as LoadName[];

const whole = (value: number) => Math.round(value).toLocaleString("en-US");
/** With two digits that count, or all before the point. */
const short = (value: number) => (value >= 10 ? whole(value) : Number(value.toPrecision(2)).toString());
const entriesOf = <Name extends string, Value>(record: Readonly<Record<Name, Value>>) =>
  Object.entries(record) as [Name, Value][];

/** By the name between the markers in the document. */
export function tablesOf(results: GrowthResults): Readonly<Record<string, string>> {
  return {
    hits: hitsTable(results.hits),
    purges: purgesTable(results.directory),
    directory: directoryTable(results.directory),
    limits: limitsTable(results.limits),
    growth: verdictsTable(results),
  };
}

/** The CPU time of hits by the number of organizations, or of keys, as far as an isolate holds them all. */
export function hitPoints({ turn }: HitResults, of: "organizations" | "keys"): Point[] {
  const names: readonly WorldName[] =
    of === "organizations"
      ? ["one", "organizations100", "organizations3000"]
      : ["one", "keys100", "keys5000"];
  return names.map((name) => [WORLDS[name][of], turn[name].cpuUs]);
}

export const keyPoints = (
  figures: readonly OperationFigures[],
  of: Exclude<keyof OperationFigures, "bytes">,
): Point[] => figures.map((one, index) => [KEY_COUNTS[index] ?? 1, one[of]]);

/** Without any purge counts as with one. */
const purgePoints = (figures: readonly OperationFigures[], of: keyof OperationFigures): Point[] =>
  figures.map((one, index) => [Math.max(1, PURGE_COUNTS[index] ?? 1), one[of]]);

function hitsTable({ turn, zipf }: HitResults): string {
  const labelOf = ({ organizations, keys, purges }: (typeof WORLDS)[WorldName]) =>
    [
      `${whole(organizations)} organization${organizations === 1 ? "" : "s"}`,
      `${whole(keys)} key${keys === 1 ? "" : "s"}`,
      ...(purges > 0 ? [`${whole(purges)} purges`] : []),
    ].join(", ");
  const row = (label: string, { cpuUs, kvReads, objectCalls, heapMegabytes }: HitFigures) => [
    label,
    short(cpuUs),
    kvReads.toFixed(2),
    objectCalls.toFixed(2),
    heapMegabytes.toFixed(1),
  ];
  const rows = entriesOf(WORLDS).flatMap(([name, world]) => {
    const byZipf = zipf[name];
    return [
      row(labelOf(world), turn[name]),
      ...(byZipf === undefined ? [] : [row(`${labelOf(world)}, by Zipf's law`, byZipf)]),
    ];
  });
  return formatTable([["The isolate serves", "CPU µs", "KV reads", "object calls", "heap MB"], ...rows]);
}

function purgesTable({ purges }: DirectoryResults): string {
  const rows = entriesOf(PURGE_OPERATIONS).map(([name, label]) => {
    const figures = purges[name];
    return [
      label,
      figures.map(({ rowsRead }) => whole(rowsRead)).join(" / "),
      name === "apply" ? "" : figures.map(({ bytes }) => whole(bytes)).join(" / "),
      figures.map(({ cpuMs }) => short(cpuMs)).join(" / "),
      verdictOf(purgePoints(figures, "rowsRead"), COUNT_TOLERANCE),
      verdictOf(purgePoints(figures, "cpuMs"), TIME_TOLERANCE),
    ];
  });
  const counts = PURGE_COUNTS.map(whole).join(" / ");
  return formatTable([
    [`With ${counts} purges`, "rows read", "bytes of the answer", "CPU ms", "rows", "CPU"],
    ...rows,
  ]);
}

function directoryTable({ keys }: DirectoryResults): string {
  const rows = entriesOf(KEY_OPERATIONS).map(([name, label]) => {
    const figures = keys[name];
    return [
      label,
      figures.map(({ rowsRead }) => whole(rowsRead)).join(" / "),
      figures.map(({ rowsWritten }) => whole(rowsWritten)).join(" / "),
      figures.map(({ cpuMs }) => short(cpuMs)).join(" / "),
      verdictOf(keyPoints(figures, "rowsRead"), COUNT_TOLERANCE),
      verdictOf(keyPoints(figures, "cpuMs"), TIME_TOLERANCE),
    ];
  });
  const counts = KEY_COUNTS.map(whole).join(" / ");
  return formatTable([
    [`With ${counts} keys`, "rows read", "rows written", "CPU ms", "rows", "CPU"],
    ...rows,
  ]);
}

function limitsTable(limits: GrowthResults["limits"]): string {
  const rows = limits.below.map((first, index) => {
    const all = loadNames.map((name) => limits[name][index] ?? first);
    return [
      whole(first.isolates),
      all.map((one) => one.objectCallsPerRequest.toFixed(2)).join(" / "),
      all.map((one) => (one.wronglyRefusedShare * 100).toFixed(1)).join(" / "),
      all.map((one) => whole(one.p99WaitMs)).join(" / "),
      all.every(({ isWithinLimit }) => isWithinLimit) ? "none" : "SOME",
    ];
  });
  const loads = loadNames.map((name) => LOADS[name] * 100).join(" / ");
  const head = [
    "object calls a request",
    "wrongly refused, % of calls",
    "99 % wait at most, ms",
    "admitted too many",
  ];
  return formatTable([[`Isolates, at ${loads} % of the limit`, ...head], ...rows]);
}

function verdictsTable({ hits, directory, limits }: GrowthResults): string {
  const purges: Point[] = [
    [1, hits.turn.one.cpuUs],
    [WORLDS.purges5000.purges, hits.turn.purges5000.cpuUs],
  ];
  const row = (what: string, points: readonly Point[], tolerance: number) => {
    const [first, last] = [points[0] ?? [0, 0], points.at(-1) ?? [0, 0]];
    const ends = [first, last].map(([, value]) => short(value)).join(" to ");
    return [what, `${whole(first[0])} to ${whole(last[0])}`, ends, verdictOf(points, tolerance)];
  };
  return formatTable([
    ["Figure", "Number", "from, to", "Growth"],
    row("CPU µs of a hit, by organizations", hitPoints(hits, "organizations"), TIME_TOLERANCE),
    row("CPU µs of a hit, by keys", hitPoints(hits, "keys"), TIME_TOLERANCE),
    row("CPU µs of a hit, by purges", purges, TIME_TOLERANCE),
    row("bytes of the purge list", purgePoints(directory.purges.firstSync, "bytes"), COUNT_TOLERANCE),
    ...loadNames.map((name) =>
      row(
        `object calls a request at ${LOADS[name] * 100} % of a limit, by isolates`,
        limits[name].map((one) => [one.isolates, one.objectCallsPerRequest]),
        COUNT_TOLERANCE,
      ),
    ),
  ]);
}
