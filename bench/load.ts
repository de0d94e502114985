/** One stretch of load on one address, and what it took. */
import autocannon from "autocannon";

export interface Load {
  readonly url: string;
  readonly paths: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** What an answer may be. */
  readonly statuses: readonly number[];
}

const CONNECTIONS = 32;

/**
 * Sends so many requests and returns how many were answered in a second. Counted from when each connection may have had its first answer: to make connections takes
 * time of its own, and the first answers, worked on side by side, come all at once. Rejects where an answer was another than expected: what is not right is not fast.
 */
export async function drive({ url, paths, headers = {}, statuses }: Load, requests: number): Promise<number> {
  const running = autocannon({
    url,
    connections: CONNECTIONS,
    amount: requests,
    // How often it looks whether it is done, in ms.
    sampleInt: 5,
    headers,
    requests: paths.map((path) => ({ path })),
  });
  let answers = 0;
  let [beganMs, endedMs] = [0, 0];
  running.on("response", () => {
    answers += 1;
    endedMs = performance.now();
    if (answers === CONNECTIONS) beganMs = endedMs;
  });
  const { errors, statusCodeStats } = await running;
  const right = statuses.reduce((sum, status) => sum + (statusCodeStats[status]?.count ?? 0), 0);
  if (errors > 0 || right < requests) {
    throw new Error(`${url}${paths[0]}: ${JSON.stringify(statusCodeStats)}, ${errors} errors`);
  }
  return ((answers - CONNECTIONS) * 1_000) / (endedMs - beganMs);
}
