/** What is measured, and of whom. */
import { demo, members, organizations } from "../sandbox/seed.ts";
import type { Built } from "./build.ts";
import type { Load } from "./load.ts";
import { type MeasuredWorker, startMeasuredWorker } from "./measured-worker.ts";
import { PROCESSORS } from "./processors.ts";
import { ASSEMBLED, BARE, BARE_KV, createKey, POSTERN, PROJECT, SANDBOX, varsOf } from "./settings.ts";

export interface Scenario {
  readonly name: string;
  readonly says: string;
  readonly load: Load;
  /**
   * Of one stretch: for a third of a second or so and, where it is held against another, for twice that. In so many, a lease is asked for about as often as in traffic that
   * goes on, and workerd has collected garbage twice, which takes as long as a thousand hits.
   */
  readonly requests: number;
  /** Whose CPU time counts; null where what is measured is not a Worker's work. */
  readonly worker: MeasuredWorker | null;
}

export interface Builds {
  readonly postern: Built;
  readonly sandbox: Built;
  readonly assembled: Built;
  readonly bare: Built;
  readonly bareKv: Built;
}

export interface Stage {
  /** What ratios are made of. */
  readonly held: readonly Scenario[];
  readonly others: readonly Scenario[];
  /** Of Postern, to its first answer. */
  readonly startMs: number;
  stop(): Promise<void>;
}

const ORGANIZATION = `/v1/b2b/organizations/${demo.organization_id}`;
const ALL = organizations.map(({ organization_id }) => `/v1/b2b/organizations/${organization_id}`);
const MEMBERS = members
  .filter(({ status }) => status === "active")
  .slice(0, 1_000)
  .map(({ member_id }) => `/v1/b2b/organizations/members/dangerously_get/${member_id}`);

/** A limit that the load stays below, and one that it does not. */
const WIDE = { limit: 1_000_000, period_seconds: 60 };
const NARROW = { limit: 1, period_seconds: 86_400 };
const SCOPES = ["organizations:read", "members:dangerously_get"];
/** What the cache is to have done. One in memory for longer than it may be is read from KV once. */
const HIT = { cacheStatus: /^postern; hit; ttl=/ };
const KV_HIT = { cacheStatus: /^postern; hit; ttl=\d+; detail=kv$/ };
const MISS = { cacheStatus: /^postern; fwd=miss; fwd-status=200; stored$/ };
const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

/** Begins every Worker anew, puts into it what its scenarios need, and says what they are. */
export async function setUp(builds: Builds): Promise<Stage> {
  const measured = PROCESSORS?.measured;
  const stytch = await startMeasuredWorker(SANDBOX, builds.sandbox, PROJECT, PROCESSORS?.load);
  const far = await startMeasuredWorker(SANDBOX, builds.sandbox, PROJECT, PROCESSORS?.load);
  await fetch(`${far.url}/_sandbox/latency`, { method: "PUT", body: JSON.stringify({ ms: 80 }) });

  const quiet = { LOG_HIT_SAMPLE_RATE: "0", CACHE_FRESH_SECONDS: "3600" };
  const startPostern = async (vars: Record<string, string>) =>
    await startMeasuredWorker(POSTERN, builds.postern, varsOf(stytch.url, { ...quiet, ...vars }), measured);
  const postern = await startPostern({ CACHE_MEMORY_SECONDS: "60" });
  const logging = await startPostern({ CACHE_MEMORY_SECONDS: "60", LOG_HIT_SAMPLE_RATE: "0.1" });
  const fromKv = await startPostern({ CACHE_MEMORY_SECONDS: "0" });
  const missing = await startPostern({
    CACHE_MEMORY_SECONDS: "0",
    CACHE_FRESH_SECONDS: "1",
    CACHE_STALE_SECONDS: "0",
  });
  const bare = await startMeasuredWorker(BARE, builds.bare, {}, measured);
  const bareKv = await startMeasuredWorker(BARE_KV, builds.bareKv, {}, measured);
  const assembled = await startMeasuredWorker(
    ASSEMBLED,
    builds.assembled,
    varsOf(stytch.url, { CACHE_FRESH_SECONDS: quiet.CACHE_FRESH_SECONDS }),
    measured,
  );

  const key = await createKey(postern.url, { name: "all", scopes: SCOPES });
  const limited = await createKey(postern.url, { name: "limited", scopes: SCOPES, rate_limit: WIDE });
  const refused = await createKey(postern.url, { name: "refused", scopes: SCOPES, rate_limit: NARROW });
  const fields = {
    organization: ["organization_id", "organization_name", "trusted_metadata.plan"],
    member: null,
  };
  const narrow = await createKey(postern.url, { name: "fields", scopes: SCOPES, fields });
  const ofLogging = await createKey(logging.url, { name: "all", scopes: SCOPES });
  const ofKv = await createKey(fromKv.url, { name: "all", scopes: SCOPES });
  const ofMissing = await createKey(missing.url, { name: "all", scopes: SCOPES });
  const policy = { scopes: SCOPES, organization_ids: null, fields: null };
  const ofAssembled = await createKey(assembled.url, { ...policy, rate_limit: null });
  const limitedOfAssembled = await createKey(assembled.url, { ...policy, rate_limit: WIDE });

  const first = await fetch(postern.url + ORGANIZATION, { headers: bearer(key) });
  const etag = String(first.headers.get("ETag"));
  const body = await first.arrayBuffer();
  // The bare ones answer the same bytes: the body, and the header fields as they are now.
  const second = await fetch(postern.url + ORGANIZATION, { headers: bearer(key) });
  await second.arrayBuffer();
  const fixed = JSON.stringify([...second.headers].filter(([name]) => !UNFIXED.includes(name)));
  for (const worker of [bare, bareKv]) {
    await fetch(worker.url + ORGANIZATION, { method: "PUT", body, headers: { "X-Bench-Headers": fixed } });
  }
  await fetch(postern.url + ORGANIZATION, { headers: bearer(refused) });

  const basic = `Basic ${btoa(`${PROJECT.STYTCH_PROJECT_ID}:${key}`)}`;
  const forged = key.slice(0, -4) + (key.endsWith("0000") ? "1111" : "0000");
  const credential = btoa(`${PROJECT.STYTCH_PROJECT_ID}:${PROJECT.STYTCH_SECRET}`);
  const one = (
    name: string,
    says: string,
    worker: MeasuredWorker,
    headers: Record<string, string>,
    requests: number,
    more: Partial<Load> = {},
  ): Scenario => ({
    name,
    says,
    worker,
    requests,
    load: { url: worker.url, paths: [ORGANIZATION], headers, statuses: [200], ...more },
  });
  const held = [
    one("bare", "a bare Worker: the same bytes, from memory", bare, {}, 12_000),
    one("hit", "Postern: hit in memory, Bearer", postern, bearer(key), 12_000, HIT),
    one("hit_limited", "Postern: hit in memory, limited key", postern, bearer(limited), 12_000, HIT),
    one("assembled", "assembled: hit", assembled, bearer(ofAssembled), 1_000),
    one("bare_kv", "a bare Worker: the same bytes, from KV", bareKv, {}, 2_400),
    one("kv_hit", "Postern: hit in KV", fromKv, bearer(ofKv), 2_400, KV_HIT),
  ];
  const others = [
    one("hit_basic", "Postern: hit in memory, Basic", postern, { Authorization: basic }, 4_500, HIT),
    one("hit_fields", "Postern: hit in memory, key with fields", postern, bearer(narrow), 4_500, HIT),
    one("not_modified", "Postern: 304", postern, { ...bearer(key), "If-None-Match": etag }, 4_500, {
      ...HIT,
      statuses: [304],
    }),
    one("hit_1000", "Postern: hit in memory, of 1,000 organizations", postern, bearer(key), 4_500, {
      ...HIT,
      paths: ALL,
    }),
    one(
      "hit_logged",
      "Postern: hit in memory, one in ten logged (the default)",
      logging,
      bearer(ofLogging),
      4_500,
      HIT,
    ),
    one("kv_hit_1000", "Postern: hit in KV, of 1,000 organizations", fromKv, bearer(ofKv), 1_024, {
      ...KV_HIT,
      paths: ALL,
    }),
    one("assembled_limited", "assembled: hit, limited key", assembled, bearer(limitedOfAssembled), 250),
    one("assembled_1000", "assembled: hit, of 1,000 organizations", assembled, bearer(ofAssembled), 1_024, {
      paths: ALL,
    }),
    one("miss", "Postern: miss, Stytch at hand", missing, bearer(ofMissing), 150, { ...MISS, paths: ALL }),
    one("member", "Postern: member, Stytch at hand", postern, bearer(key), 400, { paths: MEMBERS }),
    one("forged", "Postern: forged key", postern, bearer(forged), 1_000, { statuses: [401, 429] }),
    one("refused", "Postern: refused by its limit", postern, bearer(refused), 4_500, { statuses: [429] }),
    {
      ...one(
        "direct",
        "no proxy: the sandbox, 80 ms away",
        far,
        { Authorization: `Basic ${credential}` },
        320,
      ),
      worker: null,
    },
  ];
  const workers = [bare, bareKv, assembled, postern, logging, fromKv, missing, far, stytch];
  return {
    held,
    others,
    startMs: postern.startMs,
    stop: async () => {
      for (const worker of workers) await worker.stop();
    },
  };
}

/** Made by the connection, or by what reads from it. */
const UNFIXED = ["content-length", "connection", "transfer-encoding", "keep-alive"];
