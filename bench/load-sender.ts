/** Sends the requests of a load, one at a time and in turn, and holds each answer against what the load expects. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { Pool } from "undici";
import type { Load } from "./load.ts";
import type { Clock, Send } from "./open-loop.ts";

/** A request that finds no free one of these waits, and its latency contains that. */
const MAX_CONNECTIONS = 512;

export interface LoadSender {
  readonly send: Send;
  close(): Promise<void>;
}

/**
 * `send` continues with the path after that of the last call. It resolves to whether the `Cache-Status` is the load's,
 * and rejects if the status is not, or if the connection fails.
 */
export function createLoadSender({ url, paths, headers = {}, statuses, cacheStatus }: Load): LoadSender {
  const pool = new Pool(url, { connections: MAX_CONNECTIONS, pipelining: 1 });
  let position = 0;
  const send = () =>
    new Promise<boolean>((resolve, reject) => {
      const path = paths[position % paths.length] ?? "/";
      position += 1;
      let isCounted = cacheStatus === undefined;
      // `request` and `fetch` of undici make a stream of each body, which takes longer than all of this.
      pool.dispatch(
        { path, method: "GET", headers: { ...headers } },
        {
          onRequestStart: () => {},
          onResponseStart: (_, status, fields) => {
            if (!statuses.includes(status)) reject(new Error(`${url}${path}: status ${status}`));
            isCounted ||= cacheStatus?.test(String(fields["cache-status"])) === true;
          },
          onResponseData: () => {},
          onResponseEnd: () => resolve(isCounted),
          onResponseError: (_, error) => reject(error),
        },
      );
    });
  return { send, close: async () => await pool.destroy() };
}

/**
 * Returns how many answers a second `callers` get who each send the next request once the last is answered (a closed
 * loop). Sends at least `requests`, for at least `seconds`.
 */
export async function measureCapacity(
  send: Send,
  {
    callers,
    requests,
    seconds,
  }: { readonly callers: number; readonly requests: number; readonly seconds: number },
): Promise<number> {
  const startedAt = performance.now();
  let sent = 0;
  const call = async () => {
    while (sent < requests || performance.now() - startedAt < seconds * 1_000) {
      sent += 1;
      await send();
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return (sent * 1_000) / (performance.now() - startedAt);
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));
/** With what the system adds, a nap takes about 0.1 ms. */
const NAP_MS = 0.01;

/** `naps`: whether something else, such as the sandbox, needs this processor between two requests. */
export const createClock = (naps: boolean): Clock => ({
  now: () => performance.now(),
  pause: async (ms) => {
    // A timer would be up to two milliseconds late.
    if (naps && ms > NAP_MS) Atomics.wait(sleeper, 0, 0, NAP_MS);
    await nextTurn();
  },
});
