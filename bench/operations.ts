/** Counts the operations of the platform that requests cost, on a virtual clock. */

import { createRandom } from "../sandbox/random.ts";
import { members, organizations } from "../sandbox/seed.ts";
import type { Built } from "./build.ts";
import type { Operations } from "./prices.ts";
import { startWorker } from "./running-worker.ts";
import { createKey, varsOf } from "./settings.ts";
import type { TimedRequest } from "./timed-request.ts";

/** The operations of so many requests. */
export interface Count extends Operations {
  readonly requests: number;
}

/** The mixed load, evenly spread over a minute: organizations by Zipf's law, keys at random. */
export const MIX = {
  seconds: 60,
  /** Sent first and not counted, so that the counted minute is like any other. */
  warmUpSeconds: 60,
  requestsPerSecond: 500,
  isolates: 1,
  organizations: 1_000,
  keys: 50,
  limitedKeys: 5,
  memberShare: 0.02,
} as const;

/** When the clock of a counted Worker starts, in ms since the epoch. */
const STARTED_AT = 1_800_000_000_000;
/** How many requests one `POST /_run` contains. */
const BATCH_SIZE = 200;

export interface CountedWorker {
  /** Sends the requests one after the other. Rejects if a response has none of the `statuses` (default: 200). */
  run(requests: readonly TimedRequest[], statuses?: readonly number[]): Promise<void>;
  createKey(body: object): Promise<string>;
  /** The operations since the last call of this function. */
  operations(): Promise<Operations>;
  stop(): Promise<void>;
}

export async function startCountedWorker(config: string, built: Built): Promise<CountedWorker> {
  const worker = await startWorker(config, built, varsOf("https://stytch.invalid"), undefined);
  return {
    run: async (requests, expected = [200]) => {
      for (let at = 0; at < requests.length; at += BATCH_SIZE) {
        const body = JSON.stringify(requests.slice(at, at + BATCH_SIZE));
        const response = await fetch(`${worker.url}/_run`, { method: "POST", body });
        const statuses = (await response.json()) as number[];
        const unexpected = statuses.find((one) => !expected.includes(one));
        if (unexpected !== undefined) {
          throw new Error(`${worker.url}: expected status ${expected}, got ${unexpected}`);
        }
      }
    },
    createKey: async (body) => await createKey(worker.url, body),
    operations: async () => (await (await fetch(`${worker.url}/_count`)).json()) as Operations,
    stop: async () => await worker.stop(),
  };
}

const timedRequest = (
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

const organizationPath = (index: number) => `/v1/b2b/organizations/${organizations[index]?.organization_id}`;
const memberPath = (index: number) =>
  `/v1/b2b/organizations/members/dangerously_get/${members[index]?.member_id}`;

/** How many requests of each kind are counted, and the time between two. */
const REQUESTS = 1_000;
const INTERVAL_MS = 10;

type Kind =
  | "hit"
  | "hit_limited"
  | "hit_fields"
  | "not_modified"
  | "kv_hit"
  | "miss"
  | "member"
  | "forged"
  | "refused";

/** Counts each kind of request in turn. Only Postern (`isPostern`) has ETags, and a cache in memory besides KV. */
export async function countKinds(
  worker: CountedWorker,
  isPostern: boolean,
): Promise<Partial<Record<Kind, Count>>> {
  const counts: Partial<Record<Kind, Count>> = {};
  let ms = 0;
  const scopes = ["organizations:read", "members:dangerously_get"];
  const policy = { name: "bench", scopes, organization_ids: null, rate_limit: null };
  const fields = ["organization_id", "organization_name"];
  const policyFields = isPostern ? { organization: fields, member: null } : fields;
  const key = await worker.createKey({ ...policy, fields: null });
  const wideLimit = { limit: 100_000, period_seconds: 60 };
  const limited = await worker.createKey({ ...policy, fields: null, rate_limit: wideLimit });
  const narrowLimit = { limit: 1, period_seconds: 86_400 };
  const refused = await worker.createKey({ ...policy, fields: null, rate_limit: narrowLimit });
  const forged = key.slice(0, -4) + (key.endsWith("0000") ? "1111" : "0000");
  const path = organizationPath(0);

  async function count(
    kind: Kind,
    pathOf: (index: number) => string,
    { apiKey = key, statuses = [200], headers = {}, isolate = 0 } = {},
  ): Promise<void> {
    const requests = Array.from({ length: REQUESTS }, (_, index) => {
      ms += INTERVAL_MS;
      return timedRequest(ms, apiKey, pathOf(index), headers, isolate);
    });
    await worker.operations();
    await worker.run(requests, statuses);
    counts[kind] = { ...(await worker.operations()), requests: REQUESTS };
  }

  // A new isolate then finds in KV what the misses have stored.
  await count("miss", organizationPath);
  if (isPostern) await count("kv_hit", organizationPath, { isolate: 1 });
  await worker.run([timedRequest(ms, key, path)]);
  await count("hit", () => path);
  await count("hit_limited", () => path, { apiKey: limited });
  await count("hit_fields", () => path, {
    apiKey: await worker.createKey({ ...policy, fields: policyFields }),
  });
  const headers = { "If-None-Match": "*" };
  if (isPostern) await count("not_modified", () => path, { statuses: [304], headers });
  await count("member", () => memberPath(activeMembers[0] ?? 0));
  await count("forged", () => path, { apiKey: forged, statuses: [401, 429] });
  await worker.run([timedRequest(ms, refused, path)]);
  await count("refused", () => path, { apiKey: refused, statuses: [429] });
  return counts;
}

/** Indexes in `members`. */
const activeMembers = members.flatMap(({ status }, index) => (status === "active" ? [index] : []));

/** One key in ten has a rate limit, above what the load uses. */
async function createKeys(worker: CountedWorker): Promise<string[]> {
  const keys: string[] = [];
  for (let i = 0; i < MIX.keys; i += 1) {
    const rate_limit = i < MIX.limitedKeys ? { limit: 6_000, period_seconds: 60 } : null;
    keys.push(
      await worker.createKey({
        name: `key ${i}`,
        scopes: ["organizations:read", "members:dangerously_get"],
        organization_ids: null,
        fields: null,
        rate_limit,
      }),
    );
  }
  return keys;
}

/** Counts the mixed load, after its warm-up. */
export async function countMix(worker: CountedWorker): Promise<Count> {
  const random = createRandom(7);
  const keys = await createKeys(worker);
  const organizationAt = createZipf(MIX.organizations);
  const fraction = () => random.int(0, 999_999_999) / 1_000_000_000;
  const requestAt = (ms: number) => {
    const key = keys[random.int(0, keys.length - 1)] ?? "";
    const path =
      fraction() < MIX.memberShare
        ? memberPath(activeMembers[random.int(0, activeMembers.length - 1)] ?? 0)
        : organizationPath(organizationAt(fraction()));
    return timedRequest(ms, key, path, {}, random.int(0, MIX.isolates - 1));
  };
  const requestsDuring = (fromSeconds: number, seconds: number) =>
    Array.from({ length: seconds * MIX.requestsPerSecond }, (_, i) =>
      requestAt(fromSeconds * 1_000 + (i * 1_000) / MIX.requestsPerSecond),
    );
  await worker.run(requestsDuring(0, MIX.warmUpSeconds));
  await worker.operations();
  const requests = requestsDuring(MIX.warmUpSeconds, MIX.seconds);
  await worker.run(requests);
  return { ...(await worker.operations()), requests: requests.length };
}

/**
 * Zipf's law: the item of rank n occurs 1/n as often as the first. Returns a function from a random fraction, 0 to 1,
 * to an index.
 */
function createZipf(count: number): (fraction: number) => number {
  const cumulative: number[] = [];
  let total = 0;
  for (let rank = 1; rank <= count; rank += 1) {
    total += 1 / rank;
    cumulative.push(total);
  }
  return (fraction) => cumulative.findIndex((bound) => fraction * total <= bound);
}
