/** Sums over the hours of a key's usage. Pure. */
import type { UsageHour } from "../shapes.ts";

export interface UsageSums {
  /** Those that the limit admitted, and those that it did not. */
  readonly calls: number;
  readonly refused: number;
  /** The share of successful reads that did not wait for Stytch; null if there were none. */
  readonly hitRatio: number | null;
}

export function usageSums(hours: readonly UsageHour[]): UsageSums {
  const sum = (name: Exclude<keyof UsageHour, "hour">) =>
    hours.reduce((total, counts) => total + counts[name], 0);
  const fast = sum("hits") + sum("stale");
  const reads = fast + sum("misses");
  return {
    calls: sum("requests") + sum("rate_limited"),
    refused: sum("denied") + sum("rate_limited"),
    hitRatio: reads === 0 ? null : fast / reads,
  };
}
