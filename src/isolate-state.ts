/**
 * All that an isolate keeps between requests, in one place: settled plain data, never a stream or a Response, and no
 * promise whose work belongs to a request that may end.
 */
import { type Projection, ProjectionCache } from "./api/projection-cache.ts";
import type { CachedHeaders } from "./api/response.ts";
import type { CacheState } from "./cache/cache-context.ts";
import { Memory } from "./cache/memory.ts";
import { PurgeList } from "./cache/purge/purge-list.ts";
import { createPurgeSync } from "./cache/purge/purge-sync.ts";
import { type Config, parseConfig, parseCorsOrigins } from "./config.ts";
import { Cors } from "./cors.ts";
import type { JwksState } from "./jwks/jwks-set.ts";
import { createKeyState, type KeyState } from "./keys/key-state.ts";
import { Counters } from "./metrics/counters.ts";
import { MetricReports } from "./metrics/metric-reports.ts";
import { SharedWork } from "./platform/shared-work.ts";
import { failed, type Result, success } from "./result.ts";
import { SessionState } from "./sessions/session-state.ts";
import { StytchClient } from "./stytch/client.ts";

export interface IsolateState extends CacheState {
  readonly config: Config;
  /** Null if no origin is configured. */
  readonly cors: Cors | null;
  /** Holds the circuit, which the Worker and the objects of the isolate share. */
  readonly stytch: StytchClient;
  readonly keys: KeyState;
  readonly sessions: SessionState;
  readonly projections: ProjectionCache;
  /** The last headers of each projection; an entry is its own projection for a key without fields. */
  readonly responseHeaders: WeakMap<Projection, CachedHeaders>;
  readonly jwks: JwksState;
  /** What was counted and is in no report yet. */
  readonly metrics: Counters;
  /** The reports that the Directory has not stored yet. */
  readonly metricReports: MetricReports;
}

/** What is left of a deployment whose configuration is missing or wrong. */
export interface Misconfiguration {
  /** What is wrong, by variable. */
  readonly problems: Readonly<Record<string, string>>;
  /** Pages of allowed origins can read that the deployment is misconfigured. */
  readonly cors: Cors | null;
}

const states = new WeakMap<object, Result<IsolateState, Misconfiguration>>();

/**
 * The state of this isolate, or what is wrong with its configuration. The runtime hands an isolate the
 * same environment object each time, to the Worker and to its Durable Objects, so there is one state for all of them.
 */
export function isolateStateOf(env: Env): Result<IsolateState, Misconfiguration> {
  let state = states.get(env);
  if (state === undefined) {
    state = createIsolateState(env);
    states.set(env, state);
  }
  return state;
}

/** For tests: the next use of this environment begins with a state that knows nothing. */
export function forgetIsolateState(env: Env): void {
  states.delete(env);
}

/** For Durable Objects: the Worker refuses every request of a misconfigured deployment before it calls one. */
export function requireIsolateState(env: Env): IsolateState {
  const state = isolateStateOf(env);
  if (!state.ok) throw new Error("misconfigured");
  return state.value;
}

function createIsolateState(env: Env): Result<IsolateState, Misconfiguration> {
  const configured = parseConfig(env);
  if (!configured.ok) {
    return failed({ problems: configured.failure, cors: createCors(parseCorsOrigins(env)) });
  }
  const config = configured.value;
  const purges = new PurgeList();
  const sessions = new SessionState(config);
  const metrics = new Counters();
  const metricReports = new MetricReports(metrics);
  return success({
    config,
    cors: createCors(config.corsOrigins),
    stytch: new StytchClient(config, (...request) => metrics.upstreamRequest(...request)),
    keys: createKeyState(config),
    memory: new Memory(),
    purges,
    kvReads: new SharedWork(),
    purgeSync: createPurgeSync(env, config, purges, { sessions, metricReports }),
    sessions,
    projections: new ProjectionCache(),
    responseHeaders: new WeakMap(),
    jwks: { set: undefined, failure: undefined },
    metrics,
    metricReports,
  });
}

const createCors = (origins: readonly string[]) => (origins.length > 0 ? new Cors(origins) : null);
