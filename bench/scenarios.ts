/** The scenarios to measure. */
import { getMembers } from "../sandbox/seed.ts";
import type { Load } from "./load.ts";
import type { RunningWorker } from "./running-worker.ts";
import type { ScenarioName } from "./scenario-names.ts";
import { PROJECT } from "./settings.ts";
import { ALL_ORGANIZATIONS, bearer, ORGANIZATION, ORIGIN, type Stage } from "./stage.ts";

const members = getMembers();

export interface Scenario {
  readonly name: ScenarioName;
  /** The name in the printed table. */
  readonly label: string;
  readonly load: Load;
  /**
   * Requests in a round: about a third of a second's worth, and some two seconds' if the scenario is compared with
   * another, in turns.
   */
  readonly requests: number;
  /** The Worker whose CPU time is measured; null to measure none. */
  readonly worker: RunningWorker | null;
}

export const MEMBERS = members
  .filter(({ status }) => status === "active")
  .slice(0, 1_000)
  .map(({ member_id }) => `/v1/b2b/organizations/members/dangerously_get/${member_id}`);

/** The expected `Cache-Status`. When its time in memory is over, a hit is read from KV once, so `HIT` allows that. */
const HIT = { cacheStatus: /^postern; hit; ttl=/ };
export const KV_HIT = { cacheStatus: /^postern; hit; ttl=\d+; detail=kv$/ };
export const MISS = { cacheStatus: /^postern; fwd=miss; fwd-status=200; stored$/ };

const createScenario = (
  name: ScenarioName,
  label: string,
  worker: RunningWorker,
  headers: Record<string, string>,
  requests: number,
  load: Partial<Load> = {},
): Scenario => ({
  name,
  label,
  worker,
  requests,
  load: { url: worker.url, paths: [ORGANIZATION], headers, statuses: [200], ...load },
});

/** It is sent the same request, since workerd parses a request whatever the Worker does with it. */
export const bareScenario = (bare: RunningWorker, key: string) =>
  createScenario("bare", "bare Worker: the same response from memory", bare, bearer(key), 24_000);

export const hitScenario = (postern: RunningWorker, key: string) =>
  createScenario("hit", "Postern: hit in memory, Bearer", postern, bearer(key), 24_000, HIT);

/**
 * The scenarios of the ratios. In their order, and from the last of a turn to the first of the next (`measure.ts`), none
 * follows one of the same Worker: a Worker that has just run is a few per cent faster.
 */
export function comparedScenarios({ workers, keys, sessions, etag }: Stage): readonly Scenario[] {
  const { bare, bareKv, assembled, postern, withCors, fromKv } = workers;
  const hit = (
    name: ScenarioName,
    label: string,
    worker: RunningWorker,
    headers: Record<string, string>,
    load: Partial<Load> = {},
  ) => createScenario(name, label, worker, headers, 24_000, { ...HIT, ...load });
  const ofPage = { ...bearer(keys.withCors), Origin: ORIGIN };
  const conditional = { ...bearer(keys.postern), "If-None-Match": etag };
  const all = { paths: ALL_ORGANIZATIONS };
  return [
    bareScenario(bare, keys.postern),
    hitScenario(postern, keys.postern),
    // Each connection asks for organizations of its own, since concurrent reads of one key of KV are shared.
    createScenario(
      "bare_kv",
      "bare Worker: the same 1,000 responses from KV",
      bareKv,
      bearer(keys.fromKv),
      4_096,
      all,
    ),
    hit("hit_session", "Postern: hit in memory, session of a member", postern, bearer(sessions.valid)),
    hit("hit_cors", "Postern: hit in memory, with CORS", withCors, ofPage),
    createScenario("assembled", "assembled: hit", assembled, bearer(keys.assembled), 2_400),
    hit("hit_limited", "Postern: hit in memory, limited key", postern, bearer(keys.limited)),
    createScenario("kv_hit", "Postern: hit in KV, 1,000 organizations", fromKv, bearer(keys.fromKv), 4_096, {
      ...KV_HIT,
      ...all,
    }),
    hit("not_modified", "Postern: 304", postern, conditional, { statuses: [304] }),
    hit(
      "hit_cors_no_origin",
      "Postern: hit in memory, with CORS, no Origin",
      withCors,
      bearer(keys.withCors),
    ),
  ];
}

export function otherScenarios(stage: Stage): readonly Scenario[] {
  return [...otherHits(stage), ...otherResponses(stage)];
}

function otherHits({ workers, keys }: Stage): readonly Scenario[] {
  const { assembled, postern, logging, fromKv } = workers;
  const hit = (
    name: ScenarioName,
    label: string,
    headers: Record<string, string>,
    load: Partial<Load> = {},
  ) => createScenario(name, label, postern, headers, 4_500, { ...HIT, ...load });
  const all = { paths: ALL_ORGANIZATIONS };
  const basic = { Authorization: `Basic ${btoa(`${PROJECT.STYTCH_PROJECT_ID}:${keys.postern}`)}` };
  return [
    hit("hit_basic", "Postern: hit in memory, Basic", basic),
    hit("hit_fields", "Postern: hit in memory, key with fields", bearer(keys.withFields)),
    hit("hit_1000", "Postern: hit in memory, 1,000 organizations", bearer(keys.postern), all),
    createScenario(
      "hit_logged",
      "Postern: hit in memory, one in ten logged (the default)",
      logging,
      bearer(keys.logging),
      4_500,
      HIT,
    ),
    createScenario(
      "kv_hit_shared",
      "Postern: hit in KV, all of one organization",
      fromKv,
      bearer(keys.fromKv),
      2_400,
      KV_HIT,
    ),
    createScenario(
      "assembled_limited",
      "assembled: hit, limited key",
      assembled,
      bearer(keys.assembledLimited),
      250,
    ),
    createScenario(
      "assembled_1000",
      "assembled: hit, 1,000 organizations",
      assembled,
      bearer(keys.assembled),
      1_024,
      all,
    ),
  ];
}

function otherResponses({ workers, keys, sessions }: Stage): readonly Scenario[] {
  const { postern, alwaysMissing, distantStytch } = workers;
  const key = keys.postern;
  const forged = key.slice(0, -4) + (key.endsWith("0000") ? "1111" : "0000");
  const credential = btoa(`${PROJECT.STYTCH_PROJECT_ID}:${PROJECT.STYTCH_SECRET}`);
  const direct = { Authorization: `Basic ${credential}` };
  return [
    createScenario(
      "miss",
      "Postern: miss, Stytch on this machine",
      alwaysMissing,
      bearer(keys.alwaysMissing),
      150,
      { ...MISS, paths: ALL_ORGANIZATIONS },
    ),
    createScenario("member", "Postern: member, Stytch on this machine", postern, bearer(key), 400, {
      paths: MEMBERS,
    }),
    createScenario("forged", "Postern: forged key", postern, bearer(forged), 1_000, {
      statuses: [401, 429],
    }),
    createScenario(
      "session_verified",
      "Postern: signature of a session (one that has ended)",
      postern,
      bearer(sessions.ended),
      1_000,
      { statuses: [401] },
    ),
    createScenario("refused", "Postern: refused by the rate limit", postern, bearer(keys.refused), 4_500, {
      statuses: [429],
    }),
    // Its CPU time would be the sandbox's.
    {
      ...createScenario("direct", "no proxy: the sandbox, 80 ms away", distantStytch, direct, 320),
      worker: null,
    },
  ];
}
