/**
 * GET /metrics: the counts of the whole deployment, for Prometheus. They come from the Directory; what this isolate has
 * counted goes along with the question, so that the answer has it.
 */
import { version } from "../../package.json";
import { getDirectory } from "../directory/directory-client.ts";
import type { Failure } from "../errors.ts";
import { presentsToken } from "../platform/bearer-token.ts";
import { callWithRetry } from "../platform/durable-object.ts";
import type { RequestContext } from "../request-context.ts";
import { formatFor } from "./accept.ts";
import { CONTENT_TYPES, formatMetrics } from "./exposition.ts";

/** Prometheus waits for 10 s by default. */
const SCRAPE_TIMEOUT_MS = 5_000;

/** `tokens`: those that may read the metrics. Makes one call of the Directory, or two if the platform says so. */
export async function readMetrics(
  context: RequestContext,
  tokens: readonly string[],
): Promise<Response | Failure> {
  const { config, env, log, request, state } = context;
  const authorization = request.headers.get("Authorization");
  if (!(await presentsToken(tokens, authorization)))
    return { type: "invalid_metrics_token", presented: authorization !== null };
  const counted = state.metricReports.next(Date.now());
  try {
    const snapshot = await callWithRetry(
      () => getDirectory(env),
      async (directory) => await directory.metrics(config.stytch.projectId, counted),
      SCRAPE_TIMEOUT_MS,
    );
    if (counted !== null) state.metricReports.acknowledge(counted, snapshot.receipt);
    const format = formatFor(request.headers.get("Accept"));
    const text = formatMetrics(snapshot, { format, version, perKey: config.metricsPerKey });
    return new Response(text, { headers: { "Content-Type": CONTENT_TYPES[format], Vary: "Accept" } });
  } catch {
    log.degraded("directory");
    return { type: "directory_unavailable" };
  }
}
