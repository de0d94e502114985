/** What requests cost in operations of the platform, counted on a virtual clock. */

import { createRandom } from "../sandbox/random.ts";
import { members, organizations } from "../sandbox/seed.ts";
import type { Built } from "./build.ts";
import { startMeasuredWorker } from "./measured-worker.ts";
import type { Operations } from "./prices.ts";
import { createKey, varsOf } from "./settings.ts";
import type { Timed } from "./timed.ts";

export interface Count extends Operations {
  readonly requests: number;
}

/** The mixed load: organizations by Zipf's law, keys by chance, evenly spread over a minute. */
export const MIX = {
  seconds: 60,
  /** Before it, so that what is counted is a minute like the others. */
  warmUpSeconds: 60,
  requestsPerSecond: 500,
  isolates: 1,
  organizations: 1_000,
  keys: 50,
  limitedKeys: 5,
  memberShare: 0.02,
} as const;

/** The clock of a counted Worker begins there, in ms since the epoch. */
const BEGIN_MS = 1_800_000_000_000;
/** How many requests are sent at once, to be made one after the other. */
const BATCH = 200;

export interface Counted {
  /** Makes these requests; rejects where one is answered by another status than those given. */
  run(requests: readonly Timed[], statuses?: readonly number[]): Promise<void>;
  createKey(body: object): Promise<string>;
  /** Since it was asked last. */
  operations(): Promise<Operations>;
  stop(): Promise<void>;
}

export async function openCounted(config: string, built: Built): Promise<Counted> {
  const served = await startMeasuredWorker(config, built, varsOf("https://stytch.invalid"), undefined);
  return {
    run: async (requests, expected = [200]) => {
      for (let at = 0; at < requests.length; at += BATCH) {
        const body = JSON.stringify(requests.slice(at, at + BATCH));
        const answer = await fetch(`${served.url}/_run`, { method: "POST", body });
        const statuses = (await answer.json()) as number[];
        const wrong = statuses.find((one) => !expected.includes(one));
        if (wrong !== undefined) throw new Error(`${served.url}: answered ${wrong}, not ${expected}`);
      }
    },
    createKey: async (body) => await createKey(served.url, body),
    operations: async () => (await (await fetch(`${served.url}/_count`)).json()) as Operations,
    stop: async () => await served.stop(),
  };
}

export const timed = (
  ms: number,
  key: string,
  path: string,
  headers: Record<string, string> = {},
  isolate = 0,
): Timed => ({
  ms: BEGIN_MS + ms,
  isolate,
  path,
  headers: { Authorization: `Bearer ${key}`, ...headers },
});

const organizationPath = (index: number) => `/v1/b2b/organizations/${organizations[index]?.organization_id}`;
const memberPath = (index: number) =>
  `/v1/b2b/organizations/members/dangerously_get/${members[index]?.member_id}`;

/** So many requests of one kind, 10 ms apart, of an isolate that was here before. */
const REQUESTS = 1_000;
const EVERY_MS = 10;

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

/** `isPostern`: what was assembled has no ETags, and nothing in an isolate's memory that could differ from KV. */
export async function countKinds(worker: Counted, isPostern: boolean): Promise<Partial<Record<Kind, Count>>> {
  const counts: Partial<Record<Kind, Count>> = {};
  let ms = 0;
  const scopes = ["organizations:read", "members:dangerously_get"];
  const policy = { name: "bench", scopes, organization_ids: null, rate_limit: null };
  const fields = ["organization_id", "organization_name"];
  const ofFields = isPostern ? { organization: fields, member: null } : fields;
  const key = await worker.createKey({ ...policy, fields: null });
  const wide = { limit: 100_000, period_seconds: 60 };
  const limited = await worker.createKey({ ...policy, fields: null, rate_limit: wide });
  const narrow = { limit: 1, period_seconds: 86_400 };
  const refused = await worker.createKey({ ...policy, fields: null, rate_limit: narrow });
  const forged = key.slice(0, -4) + (key.endsWith("0000") ? "1111" : "0000");
  const one = organizationPath(0);

  async function count(
    kind: Kind,
    pathOf: (index: number) => string,
    { of = key, statuses = [200], headers = {}, isolate = 0 } = {},
  ): Promise<void> {
    const requests = Array.from({ length: REQUESTS }, (_, index) => {
      ms += EVERY_MS;
      return timed(ms, of, pathOf(index), headers, isolate);
    });
    await worker.operations();
    await worker.run(requests, statuses);
    counts[kind] = { ...(await worker.operations()), requests: REQUESTS };
  }

  // Of which only the object of its own knows; and then another isolate, which finds it in KV.
  await count("miss", organizationPath);
  if (isPostern) await count("kv_hit", organizationPath, { isolate: 1 });
  await worker.run([timed(ms, key, one)]);
  await count("hit", () => one);
  await count("hit_limited", () => one, { of: limited });
  await count("hit_fields", () => one, { of: await worker.createKey({ ...policy, fields: ofFields }) });
  const headers = { "If-None-Match": "*" };
  if (isPostern) await count("not_modified", () => one, { statuses: [304], headers });
  await count("member", () => memberPath(aliveMembers[0] ?? 0));
  await count("forged", () => one, { of: forged, statuses: [401, 429] });
  await worker.run([timed(ms, refused, one)]);
  await count("refused", () => one, { of: refused, statuses: [429] });
  return counts;
}

const aliveMembers = members.flatMap(({ status }, index) => (status === "active" ? [index] : []));

/** One in ten has a limit, which the load stays below. */
async function keysOf(worker: Counted): Promise<string[]> {
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

/** Of the minute after the first. */
export async function countMix(worker: Counted): Promise<Count> {
  const random = createRandom(7);
  const keys = await keysOf(worker);
  const organizationAt = zipf(MIX.organizations);
  const chance = () => random.int(0, 999_999_999) / 1_000_000_000;
  const requestAt = (ms: number) => {
    const key = keys[random.int(0, keys.length - 1)] ?? "";
    const path =
      chance() < MIX.memberShare
        ? memberPath(aliveMembers[random.int(0, aliveMembers.length - 1)] ?? 0)
        : organizationPath(organizationAt(chance()));
    return timed(ms, key, path, {}, random.int(0, MIX.isolates - 1));
  };
  const during = (fromSeconds: number, seconds: number) =>
    Array.from({ length: seconds * MIX.requestsPerSecond }, (_, i) =>
      requestAt(fromSeconds * 1_000 + (i * 1_000) / MIX.requestsPerSecond),
    );
  await worker.run(during(0, MIX.warmUpSeconds));
  await worker.operations();
  const requests = during(MIX.warmUpSeconds, MIX.seconds);
  await worker.run(requests);
  return { ...(await worker.operations()), requests: requests.length };
}

/** By Zipf's law, the one of rank n comes 1/n as often as the first: the rank, from 0, of a chance from 0 to 1. */
function zipf(count: number): (chance: number) => number {
  const upTo: number[] = [];
  let total = 0;
  for (let rank = 1; rank <= count; rank += 1) {
    total += 1 / rank;
    upTo.push(total);
  }
  return (chance) => upTo.findIndex((most) => chance * total <= most);
}
