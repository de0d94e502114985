/** Prints the result of the soak. */

/** What callers saw during one phase. */
export interface PhaseStats {
  calls: number;
  statuses: Record<string, number>;
  /** Responses from the cache that were no longer fresh. */
  stale: number;
  longestMs: number;
}

export interface SoakResult {
  readonly seconds: number;
  readonly calls: number;
  readonly perSecond: number;
  /** By phase: the name of the fault, "none", "recovering", or "changing" for calls across two phases. */
  readonly during: Readonly<Record<string, PhaseStats>>;
  /** What was wrong, and how often. */
  readonly wrong: Readonly<Record<string, number>>;
  /** What was still wrong when all faults were over. */
  readonly afterwards: readonly string[];
  /** How long after the end of a fault the last call began that still got a 5xx. */
  readonly latestAfterFaultMs: number;
  readonly heapMegabytes: readonly number[];
}

/** `memoryIntervalMs`: between two values of `heapMegabytes`. */
export function printResult(result: SoakResult, concurrency: number, memoryIntervalMs: number): void {
  const { seconds, calls, perSecond, during, wrong, afterwards, latestAfterFaultMs, heapMegabytes } = result;
  console.log(`${calls} calls in ${seconds} s, ${perSecond} a second, ${concurrency} at once\n`);
  console.table(
    Object.fromEntries(
      Object.entries(during).map(([phase, { statuses, ...rest }]) => [
        phase,
        {
          ...rest,
          statuses: Object.entries(statuses)
            .map(([code, count]) => `${code}: ${count}`)
            .join(", "),
        },
      ]),
    ),
  );
  console.log(`The last call that got a 5xx began ${latestAfterFaultMs} ms after the end of a fault.`);
  const interval = `every ${memoryIntervalMs / 1_000} s`;
  console.log(`Postern's heap in MB after garbage collection, ${interval}: ${heapMegabytes.join(" ")}`);
  for (const [text, count] of Object.entries(wrong)) console.log(`WRONG, ${count} times: ${text}`);
  for (const text of afterwards) console.log(`WRONG after all faults were over: ${text}`);
  if (Object.keys(wrong).length + afterwards.length === 0) console.log("No response was wrong.");
}
