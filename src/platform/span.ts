/** The spans of a traced request: https://developers.cloudflare.com/workers/observability/traces/. */
import { tracing } from "cloudflare:workers";

/** The stages of `Server-Timing`. */
export type SpanName = "key" | "cache" | "upstream";

/**
 * Does the work of a stage, in a span of its own if Workers traces the request. A stage without I/O has none, since the
 * clock stands still. Rejects as `work` does.
 */
export async function inSpan<T>(
  name: SpanName,
  work: () => Promise<T>,
  tracer: Pick<Tracing, "enterSpan" | "getActiveSpan"> = tracing,
): Promise<T> {
  return tracer.getActiveSpan()?.isTraced === true ? await tracer.enterSpan(name, work) : await work();
}
