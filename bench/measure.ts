/** Rounds of all scenarios, and what is in the middle of them. */
import { drive } from "./load.ts";
import { PROCESSORS, pin } from "./processors.ts";
import { type Builds, type Scenario, type Stage, setUp } from "./scenarios.ts";

/** Workers are begun anew so often: how the runtime lays out and compiles code differs from one to the next, by a tenth and more. */
const STARTS = 3;
const ROUNDS = 3;

interface Round {
  readonly requestsPerSecond: number;
  /** Of workerd, for a request, in microseconds; null where it cannot be told. */
  readonly cpuUs: number | null;
}

export interface Measured {
  readonly says: string;
  readonly rounds: readonly Round[];
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export type Measurements = Readonly<Record<string, Measured>>;

export async function measure(
  builds: Builds,
  onProgress: (text: string) => void,
): Promise<{ readonly measured: Measurements; readonly startMs: Spread }> {
  if (PROCESSORS !== null) pin(process.pid, PROCESSORS.load);
  const measured: Record<string, { says: string; rounds: Round[] }> = {};
  const startsMs: number[] = [];
  for (let start = 1; start <= STARTS; start += 1) {
    const stage = await setUp(builds);
    startsMs.push(stage.startMs);
    onProgress(`start ${start} of ${STARTS}, filling caches`);
    // And for the compiler.
    for (const { load, requests } of [...stage.held, ...stage.others]) await drive(load, requests, false);
    for (let round = 1; round <= ROUNDS; round += 1) {
      onProgress(`start ${start} of ${STARTS}, round ${round} of ${ROUNDS}`);
      for (const [{ name, says }, one] of await measureRound(stage)) {
        measured[name] ??= { says, rounds: [] };
        measured[name].rounds.push(one);
      }
    }
    await stage.stop();
  }
  return { measured, startMs: spreadOf(startsMs) };
}

/** What is held against each other is measured there and back: so what comes earlier does not gain or lose by it. */
async function measureRound({ held, others }: Stage): Promise<Map<Scenario, Round>> {
  const rounds = new Map<Scenario, Round>();
  for (const scenario of [...held, ...others, ...held.toReversed()]) {
    const there = rounds.get(scenario);
    const one = await measureOnce(scenario);
    rounds.set(scenario, there === undefined ? one : together(there, one));
  }
  return rounds;
}

/** Of two stretches of as many requests each. */
const together = (one: Round, other: Round): Round => ({
  requestsPerSecond: 2 / (1 / one.requestsPerSecond + 1 / other.requestsPerSecond),
  cpuUs: one.cpuUs === null || other.cpuUs === null ? null : (one.cpuUs + other.cpuUs) / 2,
});

async function measureOnce({ load, requests, worker }: Scenario): Promise<Round> {
  // Not counted: by the next round leases are over and tokens given back, and what is measured is traffic that goes on. All are warmed up alike.
  await drive(load, Math.ceil(requests / 2), false);
  const before = worker?.cpuMs() ?? null;
  const requestsPerSecond = await drive(load, requests, true);
  const after = worker?.cpuMs() ?? null;
  return {
    requestsPerSecond,
    cpuUs: before === null || after === null ? null : ((after - before) * 1_000) / requests,
  };
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return { median: at(Math.floor(sorted.length / 2)), least: at(0), most: at(sorted.length - 1) };
}

/** The median of what one has over what another has in the same round: so a machine that is now fast and now slow is so to both. */
export function ratio(
  measured: Measurements,
  one: string,
  other: string,
  of: keyof Round = "requestsPerSecond",
): number | null {
  const others = measured[other]?.rounds ?? [];
  const ratios = (measured[one]?.rounds ?? []).map((round, index) => {
    const [above, below] = [round[of], others[index]?.[of] ?? null];
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
