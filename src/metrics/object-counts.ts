/**
 * What the isolate of an object has counted goes to the caller with the object's next answer, since such an isolate
 * may never call the Directory itself. An answer that does not arrive takes its counts with it.
 */
import type { IsolateState } from "../isolate-state.ts";
import type { Counters, Counts } from "./counters.ts";

/** An answer of an object. */
export interface Counted {
  readonly counted?: Counts;
}

/** An isolate that has asked the Directory within so many leases has callers of its own, and reports itself. */
const MAX_SILENT_LEASES = 2;

/** Adds to an answer what this isolate has counted, unless it reports itself. */
export function withCounts<T extends object>(
  answer: T,
  { config, metrics, metricReports }: Pick<IsolateState, "config" | "metrics" | "metricReports">,
): T & Counted {
  const silentMs = Date.now() - metricReports.sentAt;
  if (silentMs < MAX_SILENT_LEASES * config.leaseSeconds * 1_000) return answer;
  const counted = metrics.take();
  return counted === null ? answer : { ...answer, counted };
}

/** Takes over what came with an answer. */
export function takeCounts({ counted }: Counted, metrics: Pick<Counters, "add">): void {
  if (counted !== undefined) metrics.add(counted);
}
