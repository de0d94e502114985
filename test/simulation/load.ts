/** The calls of a simulated world, and what a single bucket would make of them. */
import { createRandom } from "../../sandbox/random.ts";
import { type Bucket, fullBucket, type Limit, takeFromBucket } from "../../src/limits/bucket.ts";

/** The moment in ms from the beginning, and the isolate that gets the call. */
export type Call = readonly [ms: number, isolate: number];

/** Numbers from 0 up to 1, the same for the same seed. */
export function createUniform(seed: number): () => number {
  return createRandom(seed).fraction;
}

/** Whether a single bucket, full at first, would have admitted these calls: then they are within the bound. */
export function isWithin(limit: Limit, admitted: readonly number[]): boolean {
  let bucket: Bucket = fullBucket(limit, admitted[0] ?? 0);
  return admitted.every((ms) => {
    const taken = takeFromBucket(bucket, limit, ms);
    bucket = taken.bucket;
    return taken.granted;
  });
}

/** How many of the calls a single bucket without any delay would have admitted. */
export function countAdmissible(limit: Limit, calls: readonly Call[], beginsEmpty = false): number {
  let bucket: Bucket = beginsEmpty ? { level: 0, at: 0 } : fullBucket(limit, 0);
  let admitted = 0;
  for (const [ms] of calls) {
    const taken = takeFromBucket(bucket, limit, ms);
    bucket = taken.bucket;
    if (taken.granted) admitted += 1;
  }
  return admitted;
}

/** Poisson arrivals, shared among isolates by `weights`; `bursts`: all calls of a second come in its first tenth. */
export function callsByChance(
  random: () => number,
  perSecond: number,
  seconds: number,
  weights: readonly number[],
  bursts = false,
): Call[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const calls: Call[] = [];
  for (let ms = 0; ms < seconds * 1_000; ms += msUntilNext(perSecond, random)) {
    const at = bursts ? Math.floor(ms / 1_000) * 1_000 + (ms % 1_000) / 10 : ms;
    calls.push([Math.floor(at), indexAt(weights, random() * total)]);
  }
  return calls;
}

/** Where a point falls if the weights lie side by side; 0 if it is beyond them by a rounding error. */
function indexAt(weights: readonly number[], point: number): number {
  let rest = point;
  for (let index = 0; index < weights.length; index += 1) {
    rest -= weights[index] ?? 0;
    if (rest < 0) return index;
  }
  return 0;
}

const msUntilNext = (perSecond: number, random: () => number) =>
  (-Math.log(1 - random()) / perSecond) * 1_000;

/** Calls at a steady rate, to the isolates in turn. */
export function steadyCalls(perSecond: number, seconds: number, isolates = 1): Call[] {
  return Array.from({ length: Math.floor(perSecond * seconds) }, (_, i) => [
    Math.ceil((i * 1_000) / perSecond),
    i % isolates,
  ]);
}
