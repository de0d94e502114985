/** How many calls come in a second, as an isolate sees it. Pure. */

/** Calls of this second and of the one before. */
export interface CallRate {
  readonly second: number;
  readonly calls: number;
  readonly before: number;
}

export const NO_CALLS: CallRate = { second: 0, calls: 0, before: 0 };

export function recordCall(demand: CallRate, now: number): CallRate {
  const current = advanceRate(demand, now);
  return { ...current, calls: current.calls + 1 };
}

/** Of the last second, the latest call left out: the first call says nothing of a second. */
export function ratePerSecond(demand: CallRate, now: number): number {
  const { calls, before } = advanceRate(demand, now);
  // As much of the second before as is not over yet, as if its calls had come evenly.
  return Math.max(0, calls - 1 + before * (1 - (now % 1_000) / 1_000));
}

function advanceRate(demand: CallRate, now: number): CallRate {
  const second = Math.floor(now / 1_000);
  if (second === demand.second) return demand;
  return { second, calls: 0, before: second === demand.second + 1 ? demand.calls : 0 };
}
