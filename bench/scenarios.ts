/** The scenarios to measure, and the Workers that they need. */
import { demo, members, organizations } from "../sandbox/seed.ts";
import type { Built } from "./build.ts";
import type { Load } from "./load.ts";
import { PROCESSORS } from "./processors.ts";
import { type RunningWorker, startWorker } from "./running-worker.ts";
import { ASSEMBLED, BARE, BARE_KV, createKey, POSTERN, PROJECT, SANDBOX, varsOf } from "./settings.ts";

export interface Scenario {
  readonly name: string;
  /** The name in the printed table. */
  readonly label: string;
  readonly load: Load;
  /**
   * Requests of one run: about a third of a second's worth, and twice that if the scenario is compared with another.
   * In that time, leases are requested about as often as in steady traffic, and workerd collects garbage twice, which
   * takes as long as a thousand hits.
   */
  readonly requests: number;
  /** The Worker whose CPU time is measured; null to measure none. */
  readonly worker: RunningWorker | null;
}

export interface Builds {
  readonly postern: Built;
  readonly sandbox: Built;
  readonly assembled: Built;
  readonly bare: Built;
  readonly bareKv: Built;
}

export interface Stage {
  /** The scenarios of the ratios. */
  readonly compared: readonly Scenario[];
  readonly rest: readonly Scenario[];
  /** From the start of Postern's workerd to its first response, in ms. */
  readonly startMs: number;
  stop(): Promise<void>;
}

const ORGANIZATION = `/v1/b2b/organizations/${demo.organization_id}`;
const ALL_ORGANIZATIONS = organizations.map(
  ({ organization_id }) => `/v1/b2b/organizations/${organization_id}`,
);
const MEMBERS = members
  .filter(({ status }) => status === "active")
  .slice(0, 1_000)
  .map(({ member_id }) => `/v1/b2b/organizations/members/dangerously_get/${member_id}`);

/** A rate limit above what the load uses, and one below it. */
const WIDE_LIMIT = { limit: 1_000_000, period_seconds: 60 };
const NARROW_LIMIT = { limit: 1, period_seconds: 86_400 };
const SCOPES = ["organizations:read", "members:dangerously_get"];
/** The expected `Cache-Status`. When its time in memory is over, a hit is read from KV once, so `HIT` allows that. */
const HIT = { cacheStatus: /^postern; hit; ttl=/ };
const KV_HIT = { cacheStatus: /^postern; hit; ttl=\d+; detail=kv$/ };
const MISS = { cacheStatus: /^postern; fwd=miss; fwd-status=200; stored$/ };
const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

/** Starts every Worker, creates its keys and fills the bare ones. The caches of the others are still empty. */
export async function setUp(builds: Builds): Promise<Stage> {
  const processor = PROCESSORS?.measured;
  const stytch = await startWorker(SANDBOX, builds.sandbox, PROJECT, PROCESSORS?.load);
  const distantStytch = await startWorker(SANDBOX, builds.sandbox, PROJECT, PROCESSORS?.load);
  await fetch(`${distantStytch.url}/_sandbox/latency`, { method: "PUT", body: JSON.stringify({ ms: 80 }) });

  const quiet = { LOG_HIT_SAMPLE_RATE: "0", CACHE_FRESH_SECONDS: "3600" };
  const startPostern = async (vars: Record<string, string>) =>
    await startWorker(POSTERN, builds.postern, varsOf(stytch.url, { ...quiet, ...vars }), processor);
  const postern = await startPostern({ CACHE_MEMORY_SECONDS: "60" });
  const logging = await startPostern({ CACHE_MEMORY_SECONDS: "60", LOG_HIT_SAMPLE_RATE: "0.1" });
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
    varsOf(stytch.url, { CACHE_FRESH_SECONDS: quiet.CACHE_FRESH_SECONDS }),
    processor,
  );

  const key = await createKey(postern.url, { name: "all", scopes: SCOPES });
  const limited = await createKey(postern.url, { name: "limited", scopes: SCOPES, rate_limit: WIDE_LIMIT });
  const refused = await createKey(postern.url, { name: "refused", scopes: SCOPES, rate_limit: NARROW_LIMIT });
  const fields = {
    organization: ["organization_id", "organization_name", "trusted_metadata.plan"],
    member: null,
  };
  const withFields = await createKey(postern.url, { name: "fields", scopes: SCOPES, fields });
  const loggingKey = await createKey(logging.url, { name: "all", scopes: SCOPES });
  const kvKey = await createKey(fromKv.url, { name: "all", scopes: SCOPES });
  const missingKey = await createKey(alwaysMissing.url, { name: "all", scopes: SCOPES });
  const policy = { scopes: SCOPES, organization_ids: null, fields: null };
  const assembledKey = await createKey(assembled.url, { ...policy, rate_limit: null });
  const assembledLimited = await createKey(assembled.url, { ...policy, rate_limit: WIDE_LIMIT });

  const first = await fetch(postern.url + ORGANIZATION, { headers: bearer(key) });
  const etag = String(first.headers.get("ETag"));
  const body = await first.arrayBuffer();
  // The bare Workers respond with the same body, and with the headers of a hit.
  const second = await fetch(postern.url + ORGANIZATION, { headers: bearer(key) });
  await second.arrayBuffer();
  const fixed = JSON.stringify([...second.headers].filter(([name]) => !CONNECTION_HEADERS.includes(name)));
  for (const worker of [bare, bareKv]) {
    await fetch(worker.url + ORGANIZATION, { method: "PUT", body, headers: { "X-Bench-Headers": fixed } });
  }
  await fetch(postern.url + ORGANIZATION, { headers: bearer(refused) });

  const basic = `Basic ${btoa(`${PROJECT.STYTCH_PROJECT_ID}:${key}`)}`;
  const forged = key.slice(0, -4) + (key.endsWith("0000") ? "1111" : "0000");
  const credential = btoa(`${PROJECT.STYTCH_PROJECT_ID}:${PROJECT.STYTCH_SECRET}`);
  const scenario = (
    name: string,
    label: string,
    worker: RunningWorker,
    headers: Record<string, string>,
    requests: number,
    more: Partial<Load> = {},
  ): Scenario => ({
    name,
    label,
    worker,
    requests,
    load: { url: worker.url, paths: [ORGANIZATION], headers, statuses: [200], ...more },
  });
  const compared = [
    scenario("bare", "bare Worker: the same response from memory", bare, {}, 12_000),
    scenario("hit", "Postern: hit in memory, Bearer", postern, bearer(key), 12_000, HIT),
    scenario("hit_limited", "Postern: hit in memory, limited key", postern, bearer(limited), 12_000, HIT),
    scenario("assembled", "assembled: hit", assembled, bearer(assembledKey), 1_000),
    scenario("bare_kv", "bare Worker: the same response from KV", bareKv, {}, 2_400),
    scenario("kv_hit", "Postern: hit in KV", fromKv, bearer(kvKey), 2_400, KV_HIT),
  ];
  const rest = [
    scenario("hit_basic", "Postern: hit in memory, Basic", postern, { Authorization: basic }, 4_500, HIT),
    scenario(
      "hit_fields",
      "Postern: hit in memory, key with fields",
      postern,
      bearer(withFields),
      4_500,
      HIT,
    ),
    scenario("not_modified", "Postern: 304", postern, { ...bearer(key), "If-None-Match": etag }, 4_500, {
      ...HIT,
      statuses: [304],
    }),
    scenario("hit_1000", "Postern: hit in memory, 1,000 organizations", postern, bearer(key), 4_500, {
      ...HIT,
      paths: ALL_ORGANIZATIONS,
    }),
    scenario(
      "hit_logged",
      "Postern: hit in memory, one in ten logged (the default)",
      logging,
      bearer(loggingKey),
      4_500,
      HIT,
    ),
    scenario("kv_hit_1000", "Postern: hit in KV, 1,000 organizations", fromKv, bearer(kvKey), 1_024, {
      ...KV_HIT,
      paths: ALL_ORGANIZATIONS,
    }),
    scenario("assembled_limited", "assembled: hit, limited key", assembled, bearer(assembledLimited), 250),
    scenario(
      "assembled_1000",
      "assembled: hit, 1,000 organizations",
      assembled,
      bearer(assembledKey),
      1_024,
      {
        paths: ALL_ORGANIZATIONS,
      },
    ),
    scenario("miss", "Postern: miss, Stytch on this machine", alwaysMissing, bearer(missingKey), 150, {
      ...MISS,
      paths: ALL_ORGANIZATIONS,
    }),
    scenario("member", "Postern: member, Stytch on this machine", postern, bearer(key), 400, {
      paths: MEMBERS,
    }),
    scenario("forged", "Postern: forged key", postern, bearer(forged), 1_000, { statuses: [401, 429] }),
    scenario("refused", "Postern: refused by the rate limit", postern, bearer(refused), 4_500, {
      statuses: [429],
    }),
    {
      ...scenario(
        "direct",
        "no proxy: the sandbox, 80 ms away",
        distantStytch,
        { Authorization: `Basic ${credential}` },
        320,
      ),
      worker: null,
    },
  ];
  const workers = [bare, bareKv, assembled, postern, logging, fromKv, alwaysMissing, distantStytch, stytch];
  return {
    compared,
    rest,
    startMs: postern.startMs,
    stop: async () => {
      for (const worker of workers) await worker.stop();
    },
  };
}

/** Set for each connection, not by the Worker. */
const CONNECTION_HEADERS = ["content-length", "connection", "transfer-encoding", "keep-alive"];
