/** Measures all scenarios in several rounds, and computes medians and ratios. */
import { runLoad } from "./load.ts";
import { PROCESSORS, pin } from "./processors.ts";
import type { RunSize } from "./run-size.ts";
import { comparedScenarios, otherScenarios, type Scenario } from "./scenarios.ts";
import { type Builds, fillBareKv, startStage } from "./stage.ts";

interface Round {
  readonly requestsPerSecond: number;
  /** CPU time of workerd for a request, in microseconds; null if the platform does not report it. */
  readonly cpuUs: number | null;
}

export interface Measured {
  readonly label: string;
  readonly rounds: readonly Round[];
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** By the scenario's name. */
export type Measurements = Readonly<Record<string, Measured>>;

/** Pins this process to the load's processor. Rejects if any response is not as its scenario expects. */
export async function measure(
  builds: Builds,
  { starts, rounds, turns, maxRequests }: RunSize,
  onProgress: (text: string) => void,
): Promise<{ readonly measured: Measurements; readonly startMs: Spread }> {
  if (PROCESSORS !== null) pin(process.pid, PROCESSORS.load);
  const measured: Record<string, { label: string; rounds: Round[] }> = {};
  const startsMs: number[] = [];
  for (let start = 1; start <= starts; start += 1) {
    const stage = await startStage(builds);
    await fillBareKv(stage);
    const compared = comparedScenarios(stage).map((scenario) => shorten(scenario, maxRequests));
    const rest = otherScenarios(stage).map((scenario) => shorten(scenario, maxRequests));
    startsMs.push(stage.workers.postern.startMs);
    onProgress(`start ${start} of ${starts}, filling caches`);
    // This also lets V8 compile what is hot.
    for (const { load, requests } of compared) await runLoad(load, Math.ceil(requests / 2), false);
    for (const { load, requests } of rest) await runLoad(load, requests, false);
    for (let round = 1; round <= rounds; round += 1) {
      onProgress(`start ${start} of ${starts}, round ${round} of ${rounds}`);
      for (const [{ name, label }, one] of await measureRound(compared, rest, turns)) {
        measured[name] ??= { label, rounds: [] };
        measured[name].rounds.push(one);
      }
    }
    await stage.stop();
  }
  return { measured, startMs: spreadOf(startsMs) };
}

/** A run too short to request every path does not fill the caches, so its `Cache-Status` is not checked. */
function shorten(scenario: Scenario, maxRequests: number): Scenario {
  if (scenario.requests <= maxRequests) return scenario;
  const { cacheStatus: _, ...unchecked } = scenario.load;
  const load = scenario.load.paths.length > maxRequests ? unchecked : scenario.load;
  return { ...scenario, load, requests: maxRequests };
}

/** How many places further in their order the scenarios of a turn begin. As many turns as scenarios begin at each. */
const PLACES_PER_TURN = 3;

/**
 * Runs the compared scenarios in many short turns, so that a machine that is now fast and now slow affects all alike. Each
 * turn begins at another place of their order: V8 collects garbage about once in so many requests, and would else do so
 * in the same scenarios each time. Then runs the others, once.
 */
export async function measureRound(
  compared: readonly Scenario[],
  rest: readonly Scenario[],
  turns: number,
): Promise<Map<Scenario, Round>> {
  const runs = new Map<Scenario, Run[]>(compared.map((scenario) => [scenario, []]));
  for (let turn = 0; turn < turns; turn += 1) {
    const first = (turn * PLACES_PER_TURN) % compared.length;
    for (const scenario of [...compared.slice(first), ...compared.slice(0, first)])
      runs.get(scenario)?.push(await run(scenario, Math.ceil(scenario.requests / turns)));
  }
  for (const scenario of rest) runs.set(scenario, [await run(scenario, scenario.requests)]);
  return new Map(Array.from(runs, ([scenario, ofScenario]) => [scenario, roundOf(ofScenario)]));
}

interface Run {
  readonly requests: number;
  readonly seconds: number;
  /** CPU time of workerd, in ms; null if the platform does not report it. */
  readonly cpuMs: number | null;
}

async function run({ load, worker }: Scenario, requests: number): Promise<Run> {
  // Warms up. Since the last turn, leases expired and tokens were returned, but what counts is steady traffic.
  await runLoad(load, Math.ceil(requests / 2), false);
  const before = worker?.cpuMs() ?? null;
  const requestsPerSecond = await runLoad(load, requests, true);
  const after = worker?.cpuMs() ?? null;
  return {
    requests,
    seconds: requests / requestsPerSecond,
    cpuMs: before === null || after === null ? null : after - before,
  };
}

function roundOf(runs: readonly Run[]): Round {
  const counted = fasterHalf(runs);
  const sum = (of: (one: Run) => number) => counted.reduce((total, one) => total + of(one), 0);
  const requests = sum((one) => one.requests);
  const isKnown = counted.every(({ cpuMs }) => cpuMs !== null);
  return {
    requestsPerSecond: requests / sum(({ seconds }) => seconds),
    cpuUs: isKnown ? (sum(({ cpuMs }) => cpuMs ?? 0) * 1_000) / requests : null,
  };
}

/**
 * V8 collects garbage in some runs, and the machine stands still in some. Both last as long as a whole run, and would decide
 * the figures by where they fall.
 */
function fasterHalf(runs: readonly Run[]): readonly Run[] {
  const byDuration = runs.toSorted((a, b) => a.seconds / a.requests - b.seconds / b.requests);
  return byDuration.slice(0, Math.ceil(runs.length / 2));
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    // The mean of the two in the middle if their number is even.
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  };
}

/**
 * The median of the ratios of two scenarios within each round, so that a machine which is now fast and now slow
 * affects both alike. Null if a round lacks a value.
 */
export function ratio(
  measured: Measurements,
  one: string,
  other: string,
  of: keyof Round = "requestsPerSecond",
): number | null {
  const denominators = measured[other]?.rounds ?? [];
  const ratios = (measured[one]?.rounds ?? []).map((round, index) => {
    const [above, below] = [round[of], denominators[index]?.[of] ?? null];
    return above === null || below === null ? null : above / below;
  });
  const known = ratios.filter((value) => value !== null);
  return known.length < ratios.length || known.length === 0 ? null : spreadOf(known).median;
}

export const requestsOf = ({ rounds }: Measured): Spread =>
  spreadOf(rounds.map(({ requestsPerSecond }) => requestsPerSecond));

export function cpuOf({ rounds }: Measured): Spread | null {
  const known = rounds.map(({ cpuUs }) => cpuUs).filter((value) => value !== null);
  return known.length === 0 ? null : spreadOf(known);
}
