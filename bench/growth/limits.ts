/** One limit that more and more isolates share, on a virtual clock, with the product's own pools and ledger. */
import type { Limit } from "../../src/limits/bucket.ts";
import { simulate } from "../../test/simulation/limited-world.ts";
import { callsByChance, countAdmissible, createUniform, isWithin } from "../../test/simulation/load.ts";

export const ISOLATES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] as const;

/** 50 calls a second. */
const LIMIT: Limit = { limit: 3_000, period_seconds: 60 };
/** Calls a second of all isolates together, as a share of the limit. */
export const LOADS = { below: 0.8, at: 1, above: 2 } as const;

export type LoadName = keyof typeof LOADS;

export interface LimitFigures {
  readonly isolates: number;
  readonly objectCallsPerRequest: number;
  /** The share of calls that one bucket without any distance would have admitted, and that were refused. */
  readonly wronglyRefusedShare: number;
  /** Whether no stretch of time, in any run, had more than the limit allows. */
  readonly isWithinLimit: boolean;
  /** How long a call waits until it is admitted or refused. */
  readonly p50WaitMs: number;
  readonly p99WaitMs: number;
}

export interface LimitSize {
  readonly seconds: number;
  /** Runs, each with calls by another chance. */
  readonly runs: number;
}

/**
 * Calls come by chance, to any isolate alike. Messages take 5 to 40 ms one way. Below the limit, its bucket is full at
 * first; else it is empty, so that what refills is all there is.
 */
export function measureLimit(load: LoadName, isolates: number, { seconds, runs }: LimitSize): LimitFigures {
  const weights = Array.from({ length: isolates }, () => 1);
  const beginsEmpty = load !== "below";
  const perSecond = (LIMIT.limit / LIMIT.period_seconds) * LOADS[load];
  let [requests, objectCalls, admissible, admitted] = [0, 0, 0, 0];
  let isWithinLimit = true;
  const waitsMs: number[] = [];
  for (let seed = 1; seed <= runs; seed += 1) {
    const calls = callsByChance(createUniform(seed), perSecond, seconds, weights);
    const outcome = simulate({ seed, limit: LIMIT, isolates, delayMs: [5, 40], beginsEmpty, calls });
    requests += calls.length;
    objectCalls += outcome.objectCalls;
    admissible += countAdmissible(LIMIT, calls, beginsEmpty);
    admitted += outcome.admitted.length + outcome.admittedLocally;
    isWithinLimit &&= outcome.admittedLocally === 0 && isWithin(LIMIT, outcome.admitted);
    waitsMs.push(...outcome.waitsMs);
  }
  waitsMs.sort((a, b) => a - b);
  const waitAt = (share: number) => waitsMs[Math.floor(waitsMs.length * share)] ?? 0;
  return {
    isolates,
    objectCallsPerRequest: objectCalls / requests,
    wronglyRefusedShare: Math.max(0, admissible - admitted) / requests,
    isWithinLimit,
    p50WaitMs: waitAt(0.5),
    p99WaitMs: waitAt(0.99),
  };
}
