/** What a request can meet on its way, from memory to Stytch, and the load that meets each of these tiers. */
import type { Built } from "../dev/build.ts";
import type { Load } from "./load.ts";
import { PROCESSORS } from "./processors.ts";
import { type RunningWorker, startWorker } from "./running-worker.ts";
import { KV_HIT, MEMBERS, MISS } from "./scenarios.ts";
import { ASSEMBLED, BARE_DIRECT, createKey, POSTERN, varsOf } from "./settings.ts";
import {
  ALL_ORGANIZATIONS,
  type Builds,
  bearer,
  fillBareKv,
  MEASURED_VARS,
  NARROW_LIMIT,
  ORGANIZATION,
  SCOPES,
  startStage,
} from "./stage.ts";
import type { Answerer } from "./tier-latency.ts";

export interface Tier {
  readonly name: string;
  readonly answerer: Answerer;
  readonly load: Load;
  /** Whether the sandbox, which runs on the processor of the load, takes part. */
  readonly callsStytch: boolean;
  /** Connections of the closed loop that measures the capacity. */
  readonly callers: number;
  /** At least so many of the answers have to be of this tier, so that the load is what it is called. */
  readonly minShare: number;
}

/** An answer is fresh for as short a time as the configuration allows. After that, the next read is a miss. */
const SHORT = { CACHE_MEMORY_SECONDS: "0", CACHE_FRESH_SECONDS: "1", CACHE_STALE_SECONDS: "0" };
/** The same, but the next read finds it stale, in memory. */
const STALE = { CACHE_MEMORY_SECONDS: "60", CACHE_FRESH_SECONDS: "1", CACHE_STALE_SECONDS: "86400" };

const MEMORY_HIT = { cacheStatus: /^postern; hit; ttl=[1-9]\d*; detail=memory$/ };
const STALE_HIT = { cacheStatus: /^postern; hit; ttl=(?:0|-\d+); detail=memory$/ };
const BYPASS = { cacheStatus: /^postern; fwd=bypass$/ };
const REFUSED = { statuses: [429] };

/** How many requests for one organization follow each other: the first is a miss, and the others wait for it. */
const COALESCED_REQUESTS = 16;
const COALESCED = {
  cacheStatus: /^postern; fwd=miss; fwd-status=200; stored; collapsed$/,
  // So many that each is older than a second when it comes round again.
  paths: ALL_ORGANIZATIONS.slice(0, 300).flatMap((path) =>
    Array.from({ length: COALESCED_REQUESTS }, () => path),
  ),
};

/** Starts all Workers that the tiers need. `stop` ends them. */
export async function startTiers(builds: Builds & { readonly bareDirect: Built }) {
  const stage = await startStage(builds);
  await fillBareKv(stage);
  const { bare, bareKv, assembled, postern, fromKv, alwaysMissing, stytch, distantStytch } = stage.workers;
  const startPostern = async ({ url }: RunningWorker, vars: Record<string, string>) => {
    const all = varsOf(url, { ...MEASURED_VARS, ...vars });
    return await startWorker(POSTERN, builds.postern, all, PROCESSORS?.measured);
  };
  const stale = await startPostern(stytch, STALE);
  const coalescing = await startPostern(distantStytch, SHORT);
  const assembledMissing = await startWorker(
    ASSEMBLED,
    builds.assembled,
    varsOf(stytch.url, SHORT),
    PROCESSORS?.measured,
  );
  const direct = await startWorker(BARE_DIRECT, builds.bareDirect, varsOf(stytch.url), PROCESSORS?.measured);

  const keyOf = async ({ url }: RunningWorker) => await createKey(url, { name: "tiers", scopes: SCOPES });
  const policy = { scopes: SCOPES, organization_ids: null, fields: null, rate_limit: null };
  const assembledRefused = await createKey(assembled.url, { ...policy, rate_limit: NARROW_LIMIT });
  await fetch(assembled.url + ORGANIZATION, { headers: bearer(assembledRefused) });

  const { keys } = stage;
  const all = { paths: ALL_ORGANIZATIONS };
  const ofMembers = { paths: MEMBERS };
  const tiers: readonly Tier[] = [
    createTier("memory hit", "bare Worker", bare, keys.postern),
    createTier("memory hit", "Postern", postern, keys.postern, MEMORY_HIT),
    createTier("KV hit", "bare Worker", bareKv, keys.fromKv, all),
    createTier("KV hit", "Postern", fromKv, keys.fromKv, { ...KV_HIT, ...all }),
    createTier("KV hit", "assembled", assembled, keys.assembled),
    // A fast machine is back at some of the organizations before they are a second old.
    callsStytch(createTier("stale", "Postern", stale, await keyOf(stale), { ...STALE_HIT, ...all }), 0.2),
    {
      ...callsStytch(
        createTier("coalesced, Stytch 80 ms away", "Postern", coalescing, await keyOf(coalescing), COALESCED),
        0.8,
      ),
      callers: 256,
    },
    callsStytch(createTier("miss", "bare Worker", direct, keys.alwaysMissing, all)),
    callsStytch(createTier("miss", "Postern", alwaysMissing, keys.alwaysMissing, { ...MISS, ...all }), 0.8),
    callsStytch(
      createTier("miss", "assembled", assembledMissing, await createKey(assembledMissing.url, policy), all),
    ),
    callsStytch(createTier("member", "Postern", postern, keys.postern, { ...BYPASS, ...ofMembers })),
    callsStytch(createTier("member", "assembled", assembled, keys.assembled, ofMembers)),
    createTier("refused", "Postern", postern, keys.refused, REFUSED),
    createTier("refused", "assembled", assembled, assembledRefused, REFUSED),
  ];
  return {
    tiers,
    stop: async () => {
      for (const worker of [stale, coalescing, assembledMissing, direct]) await worker.stop();
      await stage.stop();
    },
  };
}

/** A bare Worker is sent the same key, which it does not look at. */
function createTier(
  name: string,
  answerer: Answerer,
  { url }: RunningWorker,
  key: string,
  load: Partial<Load> = {},
): Tier {
  return {
    name,
    answerer,
    load: { url, paths: [ORGANIZATION], headers: bearer(key), statuses: [200], ...load },
    callsStytch: false,
    callers: 32,
    // A read of KV may time out, and memory asks KV once a minute.
    minShare: 0.99,
  };
}

const callsStytch = (tier: Tier, minShare = tier.minShare): Tier => ({
  ...tier,
  callsStytch: true,
  minShare,
});
