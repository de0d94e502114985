/** Starts the Workers that are measured, and creates their keys. */

import type { Built } from "../dev/build.ts";
import { demo, organizations } from "../sandbox/seed.ts";
import { PROCESSORS } from "./processors.ts";
import { type RunningWorker, startWorker } from "./running-worker.ts";
import {
  ASSEMBLED,
  allowSessions,
  BARE,
  BARE_KV,
  createKey,
  POSTERN,
  PROJECT,
  SANDBOX,
  signIn,
  varsOf,
} from "./settings.ts";

export interface Builds {
  readonly postern: Built;
  readonly sandbox: Built;
  readonly assembled: Built;
  readonly bare: Built;
  readonly bareKv: Built;
}

export type Stage = Awaited<ReturnType<typeof startStage>>;

export const ORGANIZATION = `/v1/b2b/organizations/${demo.organization_id}`;
export const ALL_ORGANIZATIONS = organizations.map(
  ({ organization_id }) => `/v1/b2b/organizations/${organization_id}`,
);

/** A rate limit above what the load uses, and one below it. */
const WIDE_LIMIT = { limit: 1_000_000, period_seconds: 60 };
export const NARROW_LIMIT = { limit: 1, period_seconds: 86_400 };
export const SCOPES = ["organizations:read", "members:dangerously_get"];

/**
 * What all measured Workers of Postern have in common. Caches are filled by 32 misses at once, which take longer than the
 * default timeout if the machine is busy.
 */
export const MEASURED_VARS = {
  LOG_HIT_SAMPLE_RATE: "0",
  CACHE_FRESH_SECONDS: "3600",
  UPSTREAM_TIMEOUT_MS: "10000",
};

/** The one that the Worker with CORS allows. */
export const ORIGIN = "https://app.example";

export const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

/**
 * Starts every Worker and fills the bare ones. The caches of the others are still empty. `hasInspector`: whether
 * those of Postern have debuggers.
 */
export async function startStage(builds: Builds, hasInspector = false) {
  const workers = await startWorkers(builds, hasInspector);
  const keys = await createKeys(workers);
  const sessions = await createSessions(workers);
  const etag = await fillBareWorker(workers.postern, keys.postern, workers.bare);
  await checkCors(workers.withCors, keys.withCors);
  // The next request of this key is refused.
  await fetch(workers.postern.url + ORGANIZATION, { headers: bearer(keys.refused) });
  return {
    workers,
    keys,
    sessions,
    /** The ETag of the organization that most scenarios request. */
    etag,
    stop: async () => {
      for (const worker of Object.values(workers)) await worker.stop();
    },
  };
}

async function startWorkers(builds: Builds, hasInspector: boolean) {
  const processor = PROCESSORS?.measured;
  const stytch = await startWorker(SANDBOX, builds.sandbox, PROJECT, PROCESSORS?.load);
  const distantStytch = await startWorker(SANDBOX, builds.sandbox, PROJECT, PROCESSORS?.load);
  await fetch(`${distantStytch.url}/_sandbox/latency`, { method: "PUT", body: JSON.stringify({ ms: 80 }) });

  const startPostern = async (vars: Record<string, string>) => {
    const all = varsOf(stytch.url, { ...MEASURED_VARS, ...vars });
    return await startWorker(POSTERN, builds.postern, all, processor, hasInspector);
  };
  const postern = await startPostern({ CACHE_MEMORY_SECONDS: "60" });
  const logging = await startPostern({ CACHE_MEMORY_SECONDS: "60", LOG_HIT_SAMPLE_RATE: "0.1" });
  const withCors = await startPostern({ CACHE_MEMORY_SECONDS: "60", CORS_ORIGINS: ORIGIN });
  const fromKv = await startPostern({ CACHE_MEMORY_SECONDS: "0" });
  const alwaysMissing = await startPostern({
    CACHE_MEMORY_SECONDS: "0",
    CACHE_FRESH_SECONDS: "1",
    CACHE_STALE_SECONDS: "0",
  });
  const bare = await startWorker(BARE, builds.bare, {}, processor);
  const bareKv = await startWorker(BARE_KV, builds.bareKv, {}, processor);
  const assembled = await startWorker(
    ASSEMBLED,
    builds.assembled,
    varsOf(stytch.url, { CACHE_FRESH_SECONDS: MEASURED_VARS.CACHE_FRESH_SECONDS }),
    processor,
  );
  // In the order in which they are stopped: Stytch last.
  return {
    bare,
    bareKv,
    assembled,
    postern,
    logging,
    withCors,
    fromKv,
    alwaysMissing,
    distantStytch,
    stytch,
  };
}

async function createKeys(workers: Awaited<ReturnType<typeof startWorkers>>) {
  const { postern, logging, withCors, fromKv, alwaysMissing, assembled } = workers;
  const fields = {
    organization: ["organization_id", "organization_name", "trusted_metadata.plan"],
    member: null,
  };
  const policy = { scopes: SCOPES, organization_ids: null, fields: null };
  return {
    postern: await createKey(postern.url, { name: "all", scopes: SCOPES }),
    limited: await createKey(postern.url, { name: "limited", scopes: SCOPES, rate_limit: WIDE_LIMIT }),
    refused: await createKey(postern.url, { name: "refused", scopes: SCOPES, rate_limit: NARROW_LIMIT }),
    withFields: await createKey(postern.url, { name: "fields", scopes: SCOPES, fields }),
    logging: await createKey(logging.url, { name: "all", scopes: SCOPES }),
    withCors: await createKey(withCors.url, { name: "all", scopes: SCOPES }),
    fromKv: await createKey(fromKv.url, { name: "all", scopes: SCOPES }),
    alwaysMissing: await createKey(alwaysMissing.url, { name: "all", scopes: SCOPES }),
    assembled: await createKey(assembled.url, { ...policy, rate_limit: null }),
    assembledLimited: await createKey(assembled.url, { ...policy, rate_limit: WIDE_LIMIT }),
  };
}

/** Longer than the benchmark takes, and as long as a session policy allows. */
const SESSION_SECONDS = 3_600;

async function createSessions({ postern, stytch }: Readonly<Record<"postern" | "stytch", RunningWorker>>) {
  await allowSessions(postern.url);
  return {
    valid: await signIn(stytch.url, demo.member_id, SESSION_SECONDS),
    // Postern remembers no token that has ended, so each call with it costs a signature check, as a first call does.
    ended: await signIn(stytch.url, demo.member_id, -60),
  };
}

/** Gives the bare Worker the body and the headers of a hit, and returns its ETag. */
export async function fillBareWorker(
  postern: RunningWorker,
  key: string,
  bare: RunningWorker,
): Promise<string> {
  await copyHit(postern, key, ORGANIZATION, bare);
  return await copyHit(postern, key, ORGANIZATION, bare);
}

/** Gives the bare Worker with KV what Postern has of every organization. */
export async function fillBareKv({ workers, keys }: Stage): Promise<void> {
  const left = [...ALL_ORGANIZATIONS];
  const copyAll = async () => {
    for (let path = left.pop(); path !== undefined; path = left.pop())
      await copyHit(workers.fromKv, keys.fromKv, path, workers.bareKv);
  };
  await Promise.all(Array.from({ length: 8 }, copyAll));
  // The headers are those of the last copy, which should be of a hit.
  await copyHit(workers.fromKv, keys.fromKv, ORGANIZATION, workers.bareKv);
}

async function copyHit(
  postern: RunningWorker,
  key: string,
  path: string,
  to: RunningWorker,
): Promise<string> {
  const response = await fetch(postern.url + path, { headers: bearer(key) });
  const body = await response.arrayBuffer();
  const headers = [...response.headers].filter(([name]) => !CONNECTION_HEADERS.includes(name));
  await fetch(to.url + path, {
    method: "PUT",
    body,
    headers: { "X-Bench-Headers": JSON.stringify(headers) },
  });
  return String(response.headers.get("ETag"));
}

/** Throws unless a response allows the origin, and only then. The load itself does not look at these headers. */
async function checkCors({ url }: RunningWorker, key: string): Promise<void> {
  for (const [headers, expected] of [
    [{ ...bearer(key), Origin: ORIGIN }, ORIGIN],
    [bearer(key), null],
  ] as const) {
    const response = await fetch(url + ORGANIZATION, { headers });
    await response.arrayBuffer();
    const allowed = response.headers.get("Access-Control-Allow-Origin");
    if (allowed !== expected)
      throw new Error(`${url}: expected the allowed origin ${expected}, got ${allowed}`);
  }
}

/** Set for each connection, not by the Worker. */
const CONNECTION_HEADERS = ["content-length", "connection", "transfer-encoding", "keep-alive"];
