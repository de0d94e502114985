/** A Worker whose operations of the platform are counted, on a virtual clock (`counted/`), and requests to it. */

import type { Built } from "../dev/build.ts";
import { getMembers, organizations } from "../sandbox/seed.ts";
import type { Operations } from "../src/metrics/prices.ts";
import { startWorker } from "./running-worker.ts";
import { createKey, varsOf } from "./settings.ts";
import type { TimedRequest } from "./timed-request.ts";

const members = getMembers();

/** The operations of so many requests. */
export interface Count extends Operations {
  readonly requests: number;
}

/** When the clock of a counted Worker starts, in ms since the epoch. */
const STARTED_AT = 1_800_000_000_000;
/** How many requests one `POST /_run` contains. */
const BATCH_SIZE = 200;

export interface CountedWorker {
  /** Sends the requests one after the other. Rejects if a response has none of the `statuses` (default: 200). */
  run(requests: readonly TimedRequest[], statuses?: readonly number[]): Promise<void>;
  /** Sends the requests at once. Rejects if a response has another status than 200. */
  burst(requests: readonly TimedRequest[]): Promise<void>;
  createKey(body: object): Promise<string>;
  /** The operations since the last call of this function. */
  operations(): Promise<Operations>;
  stop(): Promise<void>;
}

export async function startCountedWorker(config: string, built: Built): Promise<CountedWorker> {
  const worker = await startWorker(config, built, varsOf("https://stytch.invalid"), undefined);
  const send = async (path: string, requests: readonly TimedRequest[], expected: readonly number[]) => {
    const response = await fetch(worker.url + path, { method: "POST", body: JSON.stringify(requests) });
    const statuses = (await response.json()) as number[];
    const unexpected = statuses.find((one) => !expected.includes(one));
    if (unexpected !== undefined)
      throw new Error(`${worker.url}: expected status ${expected}, got ${unexpected}`);
  };
  return {
    run: async (requests, expected = [200]) => {
      for (let at = 0; at < requests.length; at += BATCH_SIZE)
        await send("/_run", requests.slice(at, at + BATCH_SIZE), expected);
    },
    burst: async (requests) => await send("/_burst", requests, [200]),
    createKey: async (body) => await createKey(worker.url, body),
    operations: async () => (await (await fetch(`${worker.url}/_count`)).json()) as Operations,
    stop: async () => await worker.stop(),
  };
}

/** `ms` is counted from the start of the clock. */
export const timedRequest = (
  ms: number,
  key: string,
  path: string,
  headers: Record<string, string> = {},
  isolate = 0,
): TimedRequest => ({
  ms: STARTED_AT + ms,
  isolate,
  path,
  headers: { Authorization: `Bearer ${key}`, ...headers },
});

/** By index in `organizations`. */
export const organizationPath = (index: number) =>
  `/v1/b2b/organizations/${organizations[index]?.organization_id}`;
/** By index in `members`. */
export const memberPath = (index: number) =>
  `/v1/b2b/organizations/members/dangerously_get/${members[index]?.member_id}`;

/** Indexes in `members`. */
export const activeMembers = members.flatMap(({ status }, index) => (status === "active" ? [index] : []));
