/** What the stages of one request share. Nothing of the framework, and nothing of another request. */
import type { Config } from "./config.ts";
import type { Quota } from "./limits/rate-limit-headers.ts";
import type { DegradedPart, LogEntry } from "./log.ts";

/** Durations in ms, for `Server-Timing`. On Workers the clock stands still between I/O. */
export interface Timings {
  key?: number;
  cache?: number;
  upstream?: number;
}

export interface RequestContext {
  readonly request: Request;
  readonly requestId: string;
  readonly env: Env;
  readonly config: Config;
  readonly entry: LogEntry;
  readonly timings: Timings;
  /** Of the caller's key, where it has a rate limit. */
  quota: Quota | null;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** Notes in the request's log line that a part failed and was done without. */
export function noteDegraded(context: RequestContext, part: DegradedPart): void {
  context.entry.degraded = [...(context.entry.degraded ?? []), part];
}
