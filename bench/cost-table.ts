/** Counts what the mixed load costs at every rate, from a request a minute on, and what a burst asks. */
import type { Built } from "../dev/build.ts";
import { organizations } from "../sandbox/seed.ts";
import { CPU_MS_PER_REQUEST, dollarsPerMillion } from "../src/metrics/prices.ts";
import { type Count, organizationPath, startCountedWorker, timedRequest } from "./counted-worker.ts";
import { BUSY, countMix, type Rate } from "./mixed-load.ts";

/** The rate of the ratio `sparse_cost_vs_assembled`: one call in two seconds of each key in each isolate. */
export const SPARSE: Rate = { requestsPerSecond: 100, isolates: 4 };

/**
 * The rates of the table. A deployment has about as many isolates as its load needs, and a few for their locations. More
 * than 500 a second in each are not counted: 10,000 over 20 isolates are twenty times `BUSY`, or less.
 */
export const RATES: readonly Rate[] = [
  { requestsPerSecond: 1 / 60, isolates: 1 },
  { requestsPerSecond: 0.1, isolates: 1 },
  { requestsPerSecond: 1, isolates: 2 },
  { requestsPerSecond: 10, isolates: 4 },
  SPARSE,
  { requestsPerSecond: 500, isolates: 4 },
  BUSY,
];

/** Requests that are counted at each rate: enough for each key and the frequent organizations to recur. */
const MIN_REQUESTS = 400;

const secondsOf = ({ requestsPerSecond }: Rate, wanted: number) =>
  Math.max(wanted, MIN_REQUESTS / requestsPerSecond);

/** The CPU time of a request, in ms, that `docs/performance.md` has last. */
const CPU_MS = { postern: CPU_MS_PER_REQUEST, assembled: 1.006 } as const;

export interface CostAtRate extends Rate {
  readonly count: Count;
  /** What a million requests cost. */
  readonly dollars: number;
}

/** `isPostern`: its objects wait for Stytch, and those of the assembled peer do not. */
export async function costAt(
  config: string,
  built: Built,
  rate: Rate,
  wantedSeconds: number,
  isPostern: boolean,
): Promise<CostAtRate> {
  const worker = await startCountedWorker(config, built);
  try {
    // Steady traffic: every organization has been asked for before, a minute ago.
    const key = await worker.createKey({ name: "warm-up", ...EVERYTHING });
    await worker.run(organizations.map((_, index) => timedRequest(-60_000, key, organizationPath(index))));
    const count = await countMix(worker, rate, secondsOf(rate, wantedSeconds));
    const cpuMs = isPostern ? CPU_MS.postern : CPU_MS.assembled;
    return { ...rate, count, dollars: dollarsPerMillion(count, count.requests, cpuMs, isPostern) };
  } finally {
    await worker.stop();
  }
}

const EVERYTHING = {
  scopes: ["organizations:read"],
  organization_ids: null,
  fields: null,
  rate_limit: null,
};

const BURST_SIZE = 300;

/**
 * How many questions of a lease a burst of one key makes in a new isolate, of an organization that is in KV. The one
 * object call beside them is that of the purge list.
 */
export async function countBurst(config: string, built: Built): Promise<number> {
  const worker = await startCountedWorker(config, built);
  try {
    const key = await worker.createKey({ name: "burst", ...EVERYTHING });
    const request = (isolate: number) => timedRequest(0, key, organizationPath(0), {}, isolate);
    await worker.run([request(0)]);
    await worker.operations();
    await worker.burst(Array.from({ length: BURST_SIZE }, () => request(1)));
    return (await worker.operations()).objectCalls - 1;
  } finally {
    await worker.stop();
  }
}
