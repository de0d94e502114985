/** The tables of `docs/scale.md`, in Markdown, and its pictures. Pure. */
import { formatTable } from "../../dev/markdown.ts";
import { percentile } from "../percentile.ts";
import { type Line, plotOf } from "../plot.ts";
import type { Bound, ScaleOutcome } from "./deployment.ts";
import type { Answer, Tier } from "./scaled-isolate.ts";

/** Requests a second of an isolate. */
export const RATE_PER_ISOLATE = 2;

export interface Design {
  readonly name: string;
  readonly leaseSeconds: number;
  readonly relaysPerRegion: number;
  /** Measured. */
  readonly seconds: number;
}

export interface Run extends Omit<ScaleOutcome, "answers"> {
  readonly design: Design;
  readonly isolates: number;
  readonly tiers: readonly TierLatency[];
}

interface TierLatency {
  readonly tier: Tier | "all";
  /** As a share of all answers. */
  readonly share: number;
  /** p50, p95, p99 and p99.9, in ms. */
  readonly percentiles: readonly number[];
}

export interface LimitedKey {
  readonly isolates: number;
  readonly objectCallsPerSecond: number;
  readonly objectCallsPerRequest: number;
}

const TIERS: readonly Tier[] = ["memory", "memory, after a wait", "KV", "KV, cold", "miss"];
const SHARES = [0.5, 0.95, 0.99, 0.999];

const whole = (value: number) => Math.round(value).toLocaleString("en-US");
const nameOf = ({ design, isolates }: Run) => `${design.name}: ${whole(isolates)}`;
/** A percentage. What is not 0 does not show as 0. */
const percent = (share: number) => (share > 0 && share < 0.005 ? "< 1 %" : `${(share * 100).toFixed(0)} %`);
const seconds = ({ ms, isCutOff }: Bound) => `${isCutOff ? "≥ " : ""}${(ms / 1_000).toFixed(1)} s`;

/** How long the answers of each tier took, and those of all. */
export function tierLatencies(answers: readonly Answer[]): TierLatency[] {
  return [...TIERS, "all" as const].map((tier) => {
    const ms = answers.filter((one) => tier === "all" || one.tier === tier).map((one) => one.ms);
    return {
      tier,
      share: ms.length / answers.length,
      percentiles: SHARES.map((share) => percentile(ms, share)),
    };
  });
}

export function loadsTable(head: string, runs: readonly Run[]): string {
  const columns = ["Directory, calls/s", "failed", "hot key, calls/s", "failed", "busiest relay, calls/s"];
  return formatTable([
    [head, ...columns, "admin call", "callers answered 503", "purge", "revoked"],
    ...runs.map((run) => {
      const { directory, hotKey, relay, changeCallMs, refusals } = run;
      const { share, lastAt } = refusals;
      return [
        nameOf(run),
        whole(directory.callsPerSecond),
        percent(directory.failedShare),
        whole(hotKey.callsPerSecond),
        percent(hotKey.failedShare),
        relay === null ? "" : whole(relay.callsPerSecond),
        relay === null ? "" : `${whole(changeCallMs)} ms`,
        share === 0 ? percent(0) : `${percent(share)}, until ${whole(lastAt / 1_000)} s`,
        seconds(run.purge),
        seconds(run.revocation),
      ];
    }),
  ]);
}

export function tiersTable(runs: readonly Run[]): string {
  return formatTable([
    ["Isolates, tier", "of the answers", "p50", "p95", "p99", "p99.9"],
    ...runs.flatMap((run) =>
      run.tiers.map(({ tier, share, percentiles }) => [
        `${nameOf(run)}, ${tier === "all" ? "**all**" : tier}`,
        `${(share * 100).toFixed(1)} %`,
        ...percentiles.map((ms) => ms.toFixed(1)),
      ]),
    ),
  ]);
}

export function limitedTable(rows: readonly LimitedKey[]): string {
  return formatTable([
    ["Isolates", "object calls/s", "of each isolate", "for each request"],
    ...rows.map(({ isolates, objectCallsPerSecond, objectCallsPerRequest }) => [
      whole(isolates),
      whole(objectCallsPerSecond),
      (objectCallsPerSecond / isolates).toFixed(2),
      objectCallsPerRequest.toFixed(2),
    ]),
  ]);
}

const X = "isolates, 2 requests a second each";

/** `demand`: the design whose calls, if none failed, are drawn beside those that were counted. */
export function loadPicture(runs: readonly Run[], demand: Design): string {
  const expected = (isolates: number) => isolates / (demand.leaseSeconds / 2 + 1 / RATE_PER_ISOLATE);
  const isolates = runs.filter(({ design }) => design === demand).map((run) => run.isolates);
  return plotOf(
    [
      ...linesOf(runs, ({ directory }) => [directory.callsPerSecond, directory.failedShare > 0.01]),
      {
        name: "demand of the first",
        points: isolates.map((count) => [count, expected(count)]),
        isDashed: true,
      },
    ],
    { title: "Load on the Directory", x: X, y: "calls a second", flag: { sign: "×", name: "calls fail" } },
    2_000,
    [{ y: 1_000, name: "an object's limit" }],
  );
}

export function purgePicture(runs: readonly Run[]): string {
  return plotOf(
    linesOf(runs, ({ purge }) => [purge.ms / 1_000, purge.isCutOff]),
    {
      title: "A purge is in force everywhere",
      x: X,
      y: "seconds after the answer",
      flag: { sign: "▲", name: "or longer" },
    },
    30,
    [5, 30].map((y) => ({ y, name: `LEASE_SECONDS=${y}` })),
  );
}

function linesOf(
  runs: readonly Run[],
  figureOf: (run: Run) => readonly [y: number, isFlagged: boolean],
): Line[] {
  const designs = [...new Set(runs.map(({ design }) => design))];
  return designs.map((design) => ({
    name: design.name,
    points: runs
      .filter((run) => run.design === design)
      .map((run) => [run.isolates, ...figureOf(run)] as const),
  }));
}
