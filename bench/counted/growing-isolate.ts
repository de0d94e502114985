/**
 * An isolate that serves so many organizations to so many keys. It runs Postern, and sends requests to itself, without a
 * socket. The keys' objects and KV are made up in its memory, so that all of the CPU time is the isolate's own.
 */
import { createRandom } from "../../sandbox/random.ts";
import { organizations as seed } from "../../sandbox/seed.ts";
import { createEntry, toMetadata } from "../../src/cache/entry.ts";
import { requireIsolateState } from "../../src/isolate-state.ts";
import { issueKey } from "../../src/keys/key-format.ts";
import { createWorker } from "../../src/worker.ts";
import { recordOf } from "../../test/support/record.ts";
import type { HitCounts, HitOrder, World } from "../growth/messages.ts";

/** The one clock of the Worker and its objects, ms since the epoch. */
export const clock = { ms: 1_800_000_000_000 };

export interface GrowingIsolate {
  /** Throws if an answer is no 200. */
  hit(order: HitOrder): Promise<HitCounts>;
}

const ORIGIN = "https://postern.invalid";
const organizationId = (index: number) =>
  `organization-test-00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;
const keyId = (index: number) => String(index).padStart(16, "0");

export async function createGrowingIsolate(env: Env, world: World): Promise<GrowingIsolate> {
  const counts = { kvReads: 0, objectCalls: 0 };
  const ownEnv = {
    ...env,
    API_KEY: createKeyObjects(() => {
      counts.objectCalls += 1;
    }),
    ORGANIZATIONS: await createKv(() => {
      counts.kvReads += 1;
    }),
  } as unknown as Env;
  const { config, purges } = requireIsolateState(ownEnv);
  purges.applyUpdates({
    purges: Array.from({ length: world.purges }, (_, index) => ({
      name: organizationId(1_000_000 + index),
      sequence: index + 1,
    })),
    purgedBefore: 0,
    latest: world.purges,
  });
  const keys: string[] = [];
  for (let index = 0; index < world.keys; index += 1) keys.push(await issueKey(config, keyId(index), 1));
  const most = Math.max(world.keys, world.organizations);
  const byZipf = drawByZipf(most);
  const worker = createWorker();

  return {
    hit: async ({ requests, skipMs, msApart, order }) => {
      clock.ms += skipMs;
      const before = { ...counts };
      for (let number = 0; number < requests; number += 1) {
        clock.ms += msApart;
        const index = order === "turn" ? number : byZipf(number);
        const url = `${ORIGIN}/v1/b2b/organizations/${organizationId(index % world.organizations)}`;
        const headers = { Authorization: `Bearer ${keys[index % world.keys]}` };
        const background: Promise<unknown>[] = [];
        const context = { waitUntil: (work: Promise<unknown>) => void background.push(work) };
        const response = await worker.fetch(
          new Request(url, { headers }),
          ownEnv,
          context as unknown as ExecutionContext,
        );
        await response.arrayBuffer();
        if (response.status !== 200) throw new Error(`status ${response.status}`);
        while (background.length > 0) await Promise.all(background.splice(0));
      }
      return {
        kvReads: counts.kvReads - before.kvReads,
        objectCalls: counts.objectCalls - before.objectCalls,
      };
    },
  };
}

/** The objects of keys without restrictions. `onCall`: one was called. */
function createKeyObjects(onCall: () => void) {
  return {
    getByName: (name: string) => ({
      lease: async () => {
        onCall();
        return { record: recordOf({ key_id: name }), tokens: null };
      },
    }),
  };
}

/** KV that holds every organization, with one body for all, so that it takes no memory that would be measured. */
async function createKv(onRead: () => void) {
  const [organization] = seed;
  if (organization === undefined) throw new Error("The seed has no organization.");
  const text = JSON.stringify({ organization, request_id: "request-id-test-growth", status_code: 200 });
  const body = new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
  const when = { requestedAt: clock.ms, receivedAt: clock.ms, purgeEpoch: 0 };
  const metadata = await toMetadata(await createEntry(body, { organization } as never, when));
  return {
    getWithMetadata: async (key: string) => {
      onRead();
      const id = key.slice(key.lastIndexOf(":") + 1);
      const value = body.slice().buffer;
      return {
        value,
        metadata: { ...metadata, id, slug: `slug-${id}`, externalId: null },
        cacheStatus: null,
      };
    },
  };
}

/** How many draws there are before they repeat. */
const DRAWS = 65_536;

/** Zipf's law: the item of rank n is drawn 1/n as often as the first. Returns an index by the number of the draw. */
function drawByZipf(count: number): (draw: number) => number {
  const cumulative: number[] = [];
  let total = 0;
  for (let rank = 1; rank <= count; rank += 1) {
    total += 1 / rank;
    cumulative.push(total);
  }
  const random = createRandom(7);
  const draws = Uint32Array.from({ length: DRAWS }, () => firstAbove(cumulative, random.fraction() * total));
  return (draw) => draws[draw % DRAWS] ?? 0;
}

/** The index of the first value above `bound`, of values in order. */
function firstAbove(values: readonly number[], bound: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}
