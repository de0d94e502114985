/** Counts the operations of a mixed load, which `prices.ts` turns into dollars. */
import { createRandom } from "../sandbox/random.ts";
import {
  activeMembers,
  type Count,
  type CountedWorker,
  memberPath,
  organizationPath,
  timedRequest,
} from "./counted-worker.ts";

/** The mixed load, evenly spread over time: organizations by Zipf's law, keys and isolates at random. */
const MIX = {
  organizations: 1_000,
  keys: 50,
  limitedKeys: 5,
  memberShare: 0.02,
} as const;

/** How much of it there is. */
export interface Rate {
  readonly requestsPerSecond: number;
  readonly isolates: number;
}

/** The rate of the ratio `cost_vs_assembled`. */
export const BUSY: Rate = { requestsPerSecond: 500, isolates: 1 };

/** One key in ten has a rate limit, above what the load uses. */
async function createKeys(worker: CountedWorker): Promise<string[]> {
  const keys: string[] = [];
  for (let i = 0; i < MIX.keys; i += 1) {
    const rate_limit = i < MIX.limitedKeys ? { limit: 6_000, period_seconds: 60 } : null;
    keys.push(
      await worker.createKey({
        name: `key ${i}`,
        scopes: ["organizations:read", "members:dangerously_get"],
        organization_ids: null,
        fields: null,
        rate_limit,
      }),
    );
  }
  return keys;
}

/** Counts the load of `seconds`, after a warm-up as long, so that what is counted is steady traffic. */
export async function countMix(
  worker: CountedWorker,
  { requestsPerSecond, isolates }: Rate,
  seconds: number,
): Promise<Count> {
  const random = createRandom(7);
  const keys = await createKeys(worker);
  const organizationAt = createZipf(MIX.organizations);
  const fraction = () => random.int(0, 999_999_999) / 1_000_000_000;
  const requestAt = (ms: number) => {
    const key = keys[random.int(0, keys.length - 1)] ?? "";
    const path =
      fraction() < MIX.memberShare
        ? memberPath(activeMembers[random.int(0, activeMembers.length - 1)] ?? 0)
        : organizationPath(organizationAt(fraction()));
    return timedRequest(ms, key, path, {}, random.int(0, isolates - 1));
  };
  const requestsDuring = (fromSeconds: number) =>
    Array.from({ length: Math.round(seconds * requestsPerSecond) }, (_, i) =>
      requestAt(Math.round(fromSeconds * 1_000 + (i * 1_000) / requestsPerSecond)),
    );
  await worker.run(requestsDuring(0));
  await worker.operations();
  const requests = requestsDuring(seconds);
  await worker.run(requests);
  return { ...(await worker.operations()), requests: requests.length };
}

/**
 * Zipf's law: the item of rank n occurs 1/n as often as the first. Returns a function from a random fraction, 0 to 1,
 * to an index.
 */
function createZipf(count: number): (fraction: number) => number {
  const cumulative: number[] = [];
  let total = 0;
  for (let rank = 1; rank <= count; rank += 1) {
    total += 1 / rank;
    cumulative.push(total);
  }
  return (fraction) => cumulative.findIndex((bound) => fraction * total <= bound);
}
