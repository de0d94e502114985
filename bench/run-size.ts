/** How much the benchmark measures. */
export interface RunSize {
  /** How often all Workers are restarted: code is laid out and compiled differently each time, which matters by 10%. */
  readonly starts: number;
  /** Rounds of all scenarios for each start. */
  readonly rounds: number;
  /** How many turns the scenarios that are compared have in a round. */
  readonly turns: number;
  /** The most requests of a scenario in a round. */
  readonly maxRequests: number;
  /** Misses whose latency is measured, of each kind. */
  readonly misses: number;
  /** Requests of each kind whose operations are counted. */
  readonly countedRequests: number;
  /** Length of the counted mixed load, and of its warm-up. */
  readonly mixSeconds: number;
}

export const FULL: RunSize = {
  starts: 4,
  rounds: 1,
  turns: 20,
  maxRequests: Number.POSITIVE_INFINITY,
  misses: 200,
  countedRequests: 1_000,
  mixSeconds: 60,
};

/** Runs every scenario and count once and briefly, to show that they work. Its figures mean nothing. */
export const SMOKE: RunSize = {
  starts: 1,
  rounds: 1,
  turns: 1,
  maxRequests: 64,
  misses: 20,
  countedRequests: 20,
  mixSeconds: 1,
};
