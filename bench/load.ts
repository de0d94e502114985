/** One stretch of load on one address, and what it took. */
import autocannon from "autocannon";

export interface Load {
  readonly url: string;
  /** Shared out among the connections, so that no two of them ask for the same at once; a single one is asked for by all. */
  readonly paths: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** What an answer may be. */
  readonly statuses: readonly number[];
  /** What its `Cache-Status` is, where that is what is measured. */
  readonly cacheStatus?: RegExp;
}

const CONNECTIONS = 32;

/** How many may have another `Cache-Status`: on a machine that stands still for a moment, a read of KV takes too long. */
const MOST_UNLIKE = 0.01;

/** How many of its paths each connection of a load has gone through. */
const gone = new WeakMap<Load, number>();

/**
 * Sends so many requests and returns how many were answered in a second. Counted from when each connection may have had its first answer: to make connections takes
 * time of its own, and the first answers, worked on side by side, come all at once. Goes on with the paths where the last stretch of this load ended. Rejects where an
 * answer was another than expected: what is not right is not fast. `isCached`: whether caches hold by now what they are to hold, so that `Cache-Status` is looked at.
 */
export async function drive(load: Load, requests: number, isCached: boolean): Promise<number> {
  const { url, paths, headers = {}, statuses, cacheStatus } = load;
  const first = gone.get(load) ?? 0;
  gone.set(load, first + Math.ceil(requests / CONNECTIONS));
  let connection = 0;
  const unlike: string[] = [];
  const running = autocannon({
    url,
    connections: CONNECTIONS,
    amount: requests,
    // How often it looks whether it is done, in ms.
    sampleInt: 5,
    setupClient: (client) => {
      client.setRequests(pathsOf(paths, connection, first).map((path) => ({ method: "GET", path, headers })));
      connection += 1;
      if (cacheStatus === undefined || !isCached) return;
      client.on("headers", ({ headers: fields }) => {
        const status = fields[fields.indexOf("Cache-Status") + 1] ?? "";
        if (!cacheStatus.test(status)) unlike.push(status);
      });
    },
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
  if (unlike.length > requests * MOST_UNLIKE) {
    throw new Error(`${url}${paths[0]}: ${unlike.length} of ${requests} like ${unlike[0]}`);
  }
  return ((answers - CONNECTIONS) * 1_000) / (endedMs - beganMs);
}

/** A connection's own share, from the `first` on, counted round. */
function pathsOf(paths: readonly string[], connection: number, first: number): readonly string[] {
  if (paths.length < CONNECTIONS) return paths;
  const own = paths.filter((_, index) => index % CONNECTIONS === connection);
  const at = first % own.length;
  return [...own.slice(at), ...own.slice(0, at)];
}
