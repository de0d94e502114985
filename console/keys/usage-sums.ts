/** Sums over the hours of a key's usage. Pure. */
import { allCalls } from "../../src/keys/all-calls.ts";
import type { UsageHour } from "../shapes.ts";

export interface UsageSums {
  /** All, whatever came of them, as the overview has them. The key's questions about itself are no calls. */
  readonly calls: number;
  /** Denied, or over the limit. */
  readonly refused: number;
  /** The share of successful reads that did not wait for Stytch; null if there were none. */
  readonly hitRatio: number | null;
}

export function usageSums(hours: readonly UsageHour[]): UsageSums {
  const sum = (name: Exclude<keyof UsageHour, "hour">) =>
    hours.reduce((total, counts) => total + counts[name], 0);
  const fast = sum("hits") + sum("stale");
  const reads = fast + sum("misses");
  const refused = sum("denied") + sum("rate_limited");
  return {
    calls: hours.reduce((total, hour) => total + allCalls(hour), 0),
    refused,
    hitRatio: reads === 0 ? null : fast / reads,
  };
}
