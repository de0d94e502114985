/** Sends a run of requests to one address and measures how many are answered in a second. */
import autocannon from "autocannon";

export interface Load {
  readonly url: string;
  /** Several paths are divided among the connections, so that no two request the same one. All share a single path. */
  readonly paths: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** The statuses that a response may have. */
  readonly statuses: readonly number[];
  /** The `Cache-Status` that a response must have. Default: any. */
  readonly cacheStatus?: RegExp;
}

const CONNECTIONS = 32;

/** The share of responses, and at least one, that may have another `Cache-Status`: a read of KV may time out. */
const MAX_UNEXPECTED_SHARE = 0.01;

/** How many paths each connection of a load has requested so far. */
const positions = new WeakMap<Load, number>();

/**
 * Returns requests per second. The clock starts when every connection may have had its first response: connecting
 * takes time, and the first responses, computed together, arrive at once. Each run continues with the path at which the
 * last run of this load ended. Rejects if a response is not as the load expects, because a wrong response has no
 * speed. `isCached`: the caches are filled, so `Cache-Status` is checked.
 */
export async function runLoad(load: Load, requests: number, isCached: boolean): Promise<number> {
  const { url, paths, headers = {}, statuses, cacheStatus } = load;
  const position = positions.get(load) ?? 0;
  positions.set(load, position + Math.ceil(requests / CONNECTIONS));
  let connection = 0;
  const unexpected: string[] = [];
  const running = autocannon({
    url,
    connections: CONNECTIONS,
    amount: requests,
    // How often autocannon checks whether it is done, in ms.
    sampleInt: 5,
    setupClient: (client) => {
      client.setRequests(
        pathsOf(paths, connection, position).map((path) => ({ method: "GET", path, headers })),
      );
      connection += 1;
      if (cacheStatus === undefined || !isCached) return;
      client.on("headers", ({ headers: fields }) => {
        const status = fields[fields.indexOf("Cache-Status") + 1] ?? "";
        if (!cacheStatus.test(status)) unexpected.push(status);
      });
    },
  });
  let responses = 0;
  let [startedAt, endedAt] = [0, 0];
  running.on("response", () => {
    responses += 1;
    endedAt = performance.now();
    if (responses === CONNECTIONS) startedAt = endedAt;
  });
  const { errors, statusCodeStats } = await running;
  const expected = statuses.reduce((sum, status) => sum + (statusCodeStats[status]?.count ?? 0), 0);
  if (errors > 0 || expected < requests) {
    const seen = JSON.stringify(statusCodeStats);
    throw new Error(`${url}${paths[0]}: expected status ${statuses}, got ${seen} and ${errors} errors`);
  }
  if (unexpected.length > Math.max(1, requests * MAX_UNEXPECTED_SHARE)) {
    const share = `${unexpected.length} of ${requests} responses`;
    throw new Error(
      `${url}${paths[0]}: ${share} have an unexpected Cache-Status, such as "${unexpected[0]}"`,
    );
  }
  return ((responses - CONNECTIONS) * 1_000) / (endedAt - startedAt);
}

/** The connection's own paths, rotated so that the first is the one at `position`. */
function pathsOf(paths: readonly string[], connection: number, position: number): readonly string[] {
  if (paths.length < CONNECTIONS) return paths;
  const own = paths.filter((_, index) => index % CONNECTIONS === connection);
  const start = position % own.length;
  return [...own.slice(start), ...own.slice(0, start)];
}
