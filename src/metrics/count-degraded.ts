/** The log of objects, which counts what it writes. */
import { isolateStateOf } from "../isolate-state.ts";
import { type LogDegraded, logDegraded } from "../log.ts";

/** As `logDegraded`; the isolate of `env` counts it. */
export const countingLogDegraded =
  (env: Env): LogDegraded =>
  (part, error) => {
    logDegraded(part, error);
    const state = isolateStateOf(env);
    if (state.ok) state.value.metrics.degraded(part);
  };
