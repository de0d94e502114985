/** What was measured of a tier at one load, and the table of all. Pure. */
import { formatTable } from "../dev/markdown.ts";
import type { OpenLoopOutcome } from "./open-loop.ts";
import { percentile, wellFoundedPercentile } from "./percentile.ts";

export type Answerer = "bare Worker" | "Postern" | "assembled";

export interface TierLatency {
  readonly tier: string;
  readonly answerer: Answerer;
  /** The load, as a share of the capacity. */
  readonly share: number;
  /** The mean of the runs. */
  readonly requestsPerSecond: number;
  readonly samples: number;
  /** In ms, in the order of `PERCENTILES`; null for one that rests on too few samples. */
  readonly latencies: readonly (number | null)[];
  /** By how much the generator was late, in ms, as the 99th percentile. */
  readonly delayMs: number;
  /** Whether the generator was so late that the latencies are partly its own. */
  readonly isGeneratorLate: boolean;
  /** Whether more was sent in a run than the server could answer, so that requests waited longer and longer. */
  readonly isOverloaded: boolean;
}

export const PERCENTILES = [0.5, 0.95, 0.99, 0.999] as const;

/** The most that the generator's delay may be of a latency, at the same percentile. */
const MAX_DELAY_SHARE = 0.25;
/** No request of a tier has to wait for so long unless there are more than can be answered. */
const MAX_BACKLOG_MS = 150;

/** One of the runs at a load. */
export interface Run {
  readonly requestsPerSecond: number;
  readonly outcome: OpenLoopOutcome;
}

/** `what` was measured. The samples of all runs count as one. */
export function tierLatencyOf(
  what: Pick<TierLatency, "tier" | "answerer" | "share">,
  runs: readonly Run[],
): TierLatency {
  const latencies = runs.flatMap(({ outcome }) => outcome.latencies);
  const delays = runs.flatMap(({ outcome }) => outcome.delays);
  return {
    ...what,
    requestsPerSecond: runs.reduce((sum, run) => sum + run.requestsPerSecond, 0) / runs.length,
    samples: latencies.length,
    latencies: PERCENTILES.map((share) => wellFoundedPercentile(latencies, share)),
    delayMs: percentile(delays, 0.99),
    isGeneratorLate: PERCENTILES.some(
      (share) => percentile(delays, share) > percentile(latencies, share) * MAX_DELAY_SHARE,
    ),
    isOverloaded: runs.some(({ outcome }) => outcome.backlogMs > MAX_BACKLOG_MS),
  };
}

const whole = (value: number) => Math.round(value).toLocaleString("en-US");
const ms = (value: number) => (value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : whole(value));

/** In Markdown. */
export function tierTableOf(rows: readonly TierLatency[]): string {
  return formatTable([
    [
      "Tier",
      "Answered by",
      "Load",
      "Requests/s",
      "Samples",
      "p50, ms",
      "p95",
      "p99",
      "p99.9",
      "Sent late, p99",
    ],
    ...rows.map((row) => [
      row.tier,
      row.answerer,
      `${row.share * 100} %${row.isGeneratorLate ? " *" : ""}${row.isOverloaded ? " †" : ""}`,
      whole(row.requestsPerSecond),
      whole(row.samples),
      ...row.latencies.map((latency) => (latency === null ? "-" : ms(latency))),
      ms(row.delayMs),
    ]),
  ]);
}
