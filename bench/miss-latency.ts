/**
 * How long a miss takes, beside a bare Worker that asks Stytch for the same organization. One request at a time, the two
 * Workers in turn, so that a machine that is now fast and now slow affects both alike. Purges empty the caches between
 * two misses of an organization.
 */
import type { Built } from "../dev/build.ts";
import { PROCESSORS, pin } from "./processors.ts";
import { type RunningWorker, startWorker } from "./running-worker.ts";
import { ADMIN_TOKEN, BARE_DIRECT, createKey, POSTERN, PROJECT, SANDBOX, varsOf } from "./settings.ts";
import { ALL_ORGANIZATIONS, type Builds, bearer, MEASURED_VARS } from "./stage.ts";

/**
 * Requests to each Worker after each miss that are not measured: hits, as most of Postern's are. What Postern does after
 * its answer ends meanwhile, and does not slow down the next measured one. To wait instead would let the processor fall
 * asleep.
 */
const UNMEASURED = 4;

/** How often each organization is missed again: V8 compiles what has run some hundred times. */
const PASSES = 3;

export interface Latency {
  readonly median: number;
  readonly p90: number;
}

export interface MissLatency {
  readonly directMs: Latency;
  /** The same Worker, which looks into KV before it asks Stytch, as Postern has to. */
  readonly directAfterKvMs: Latency;
  /** The same, and then an object asks Stytch, so that all isolates ask once: it does nothing else, and keeps nothing. */
  readonly directInObjectMs: Latency;
  /** Nothing in memory or KV, but the organization's object exists: the organization was asked for at some time. */
  readonly missMs: Latency;
  /** The first miss of an organization in its life: its object and those of its slug and external ID are created. */
  readonly firstMissMs: Latency;
}

/** `requests`: how many organizations. Pins this process to the load's processor. */
export async function measureMissLatency(
  { postern, sandbox, bareDirect }: Pick<Builds, "postern" | "sandbox"> & { readonly bareDirect: Built },
  requests: number,
): Promise<MissLatency> {
  if (PROCESSORS !== null) pin(process.pid, PROCESSORS.load);
  const processor = PROCESSORS?.measured;
  const stytch = await startWorker(SANDBOX, sandbox, PROJECT, PROCESSORS?.load);
  const direct = await startWorker(BARE_DIRECT, bareDirect, varsOf(stytch.url), processor);
  const proxy = await startWorker(POSTERN, postern, varsOf(stytch.url, MEASURED_VARS), processor);
  const key = await createKey(proxy.url, { name: "all", scopes: ["organizations:read"] });
  const askDirectly = async (path: string, after: string) =>
    await timeOf(direct.url + path, { ...bearer(key), "X-Bench-After": after }, null);
  const askPostern = async (path: string) => {
    const ms = await timeOf(proxy.url + path, bearer(key), MISS);
    for (let request = 1; request <= UNMEASURED; request += 1) {
      await timeOf(proxy.url + path, bearer(key), HIT);
      await askDirectly(path, "kv");
    }
    return ms;
  };

  const directMs: number[] = [];
  const directAfterKvMs: number[] = [];
  const directInObjectMs: number[] = [];
  const firstMissMs: number[] = [];
  const missMs: number[] = [];
  const paths = ALL_ORGANIZATIONS.slice(0, requests);
  for (const path of paths) {
    // The object of the bare Worker exists then, too.
    await askDirectly(path, "object");
    firstMissMs.push(await askPostern(path));
  }
  for (let pass = 1; pass <= PASSES; pass += 1) {
    for (const path of paths) await purge(proxy, path);
    for (const path of paths) {
      directMs.push(await askDirectly(path, ""));
      directAfterKvMs.push(await askDirectly(path, "kv"));
      directInObjectMs.push(await askDirectly(path, "object"));
      missMs.push(await askPostern(path));
    }
  }
  for (const worker of [proxy, direct, stytch]) await worker.stop();
  return {
    directMs: latencyOf(directMs),
    directAfterKvMs: latencyOf(directAfterKvMs),
    directInObjectMs: latencyOf(directInObjectMs),
    missMs: latencyOf(missMs),
    firstMissMs: latencyOf(firstMissMs),
  };
}

/** Ends the organization in memory and KV. Rejects unless the purge is in force. */
async function purge({ url }: RunningWorker, path: string): Promise<void> {
  const response = await fetch(`${url}/admin/cache/purge`, {
    method: "POST",
    headers: bearer(ADMIN_TOKEN),
    body: JSON.stringify({ organization_id: path.slice(path.lastIndexOf("/") + 1) }),
  });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`No purge was made: ${response.status}`);
}

function latencyOf(ms: readonly number[]): Latency {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { median: at(0.5), p90: at(0.9) };
}

const HIT = /^postern; hit; ttl=\d+; detail=memory$/;
const MISS = /^postern; fwd=miss; fwd-status=200; stored$/;

/** In ms, to the last byte. Rejects unless the answer is a 200 with the expected `Cache-Status`; null: any. */
async function timeOf(
  url: string,
  headers: Readonly<Record<string, string>>,
  cacheStatus: RegExp | null,
): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(url, { headers });
  await response.arrayBuffer();
  const ms = performance.now() - startedAt;
  const found = response.headers.get("Cache-Status") ?? "";
  if (response.status !== 200 || cacheStatus?.test(found) === false)
    throw new Error(`${url}: expected another answer than ${response.status}, "${found}"`);
  return ms;
}
