/**
 * Sends requests at a fixed rate, whether or not earlier ones are answered (an open loop), and times each from the
 * moment at which it was due. So a pause of the server counts for every request that was due meanwhile. A closed loop
 * would not send these, and its percentiles would leave them out (coordinated omission).
 */

/** Sends the next request. Resolves, when it is answered, to whether the answer is of the kind that is measured. */
export type Send = () => Promise<boolean>;

export interface Schedule {
  readonly requestsPerSecond: number;
  /** Requests that are due before this time are sent, and not measured. */
  readonly warmUpSeconds: number;
  /** Without the warm-up. */
  readonly seconds: number;
}

export interface Clock {
  /** Milliseconds since any moment. */
  now(): number;
  /** Lets answers arrive, for `ms` at most and mostly much shorter. */
  pause(ms: number): Promise<void>;
}

export interface OpenLoopOutcome {
  /** In ms, from when a request was due to the end of its answer. */
  readonly latencies: readonly number[];
  /** In ms, from when a request was due to when it was sent: how late the generator itself was. */
  readonly delays: readonly number[];
  /** Answers of another kind. They have no latency here. */
  readonly others: number;
  /** In ms: when the last request was sent, how long had the oldest waited that was still unanswered? */
  readonly backlogMs: number;
}

/** Returns when all requests are answered. Rejects with the reason of the first that `send` rejects. */
export async function runOpenLoop(send: Send, schedule: Schedule, clock: Clock): Promise<OpenLoopOutcome> {
  const { requestsPerSecond, warmUpSeconds, seconds } = schedule;
  const total = Math.floor((warmUpSeconds + seconds) * requestsPerSecond);
  const firstMeasured = Math.ceil(warmUpSeconds * requestsPerSecond);
  const startedAt = clock.now();
  const dueAtOf = (index: number) => startedAt + (index * 1_000) / requestsPerSecond;
  const latencies: number[] = [];
  const delays: number[] = [];
  const unanswered = new Set<number>();
  const answers: Promise<void>[] = [];
  const failures: unknown[] = [];
  let others = 0;

  const start = async (index: number): Promise<void> => {
    const dueAt = dueAtOf(index);
    const isMeasured = index >= firstMeasured;
    if (isMeasured) delays.push(clock.now() - dueAt);
    unanswered.add(dueAt);
    try {
      const isCounted = await send();
      if (isMeasured && isCounted) latencies.push(clock.now() - dueAt);
      if (isMeasured && !isCounted) others += 1;
    } catch (reason) {
      failures.push(reason);
    }
    unanswered.delete(dueAt);
  };

  while (answers.length < total && failures.length === 0) {
    // A generator that cannot keep up has to let answers arrive all the same, so it sends only what is due by now.
    const now = clock.now();
    while (answers.length < total && dueAtOf(answers.length) <= now) answers.push(start(answers.length));
    await clock.pause(Math.max(0, dueAtOf(answers.length) - clock.now()));
  }
  const endedAt = clock.now();
  const [oldest = endedAt] = unanswered;
  await Promise.all(answers);
  if (failures.length > 0) throw failures[0];
  return { latencies, delays, others, backlogMs: endedAt - oldest };
}
