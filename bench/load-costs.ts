/**
 * What a load costs in a month, from how often each part of Postern has to be renewed: a lease, an entry in memory, a
 * refresh. `test/docs/costs.test.ts` holds the formula against what the benchmark counts. Pure.
 */
import { READS_PER_WRITE } from "../src/cache/object/write-policy.ts";
import {
  CPU_MS_PER_REQUEST,
  dollarsOf,
  INCLUDED_PER_MONTH,
  LOG_PRICES,
  type Operations,
  PLAN_DOLLARS,
  type Usage,
  usageOf,
} from "../src/metrics/prices.ts";

export interface Load {
  readonly requestsPerSecond: number;
  /** How many isolates are in use at once. Every caller, key and organization comes to each of them. */
  readonly isolates: number;
  /** Used equally, without a rate limit. */
  readonly keys: number;
  /** Read by Zipf's law: the one of rank n is read 1/n as often as the first. None of them changes. */
  readonly organizations: number;
  /** The share of reads of members, which are never cached. */
  readonly memberShare: number;
}

/** Variables of Postern, in seconds. */
export interface Settings {
  readonly freshSeconds: number;
  readonly staleSeconds: number;
  readonly staleIfErrorSeconds: number;
  readonly memorySeconds: number;
  readonly leaseSeconds: number;
  readonly logHitSampleRate: number;
  /** Cloudflare's own log line for each invocation, which `wrangler.toml` turns off. */
  readonly invocationLogs: boolean;
}

export const DEFAULTS: Settings = {
  freshSeconds: 60,
  staleSeconds: 60,
  staleIfErrorSeconds: 3_600,
  memorySeconds: 5,
  leaseSeconds: 5,
  logHitSampleRate: 0.1,
  invocationLogs: false,
};

export interface MonthlyCost {
  readonly plan: number;
  readonly requests: number;
  readonly kv: number;
  /** Calls, time and rows of Durable Objects. */
  readonly objects: number;
  readonly logs: number;
  readonly total: number;
}

const SECONDS_PER_MONTH = 730 * 3_600;
/** A line of Postern has about 400 bytes; what Cloudflare adds to it is an estimate, and so is a span. */
const LOG_LINE_BYTES = 1_000;
const INVOCATION_LOG_BYTES = 1_000;
const SPAN_BYTES = 1_000;
/** As `head_sampling_rate` of `wrangler.toml`, and the spans of a request that needs no I/O. */
const TRACED_SHARE = 0.01;
const SPANS_PER_TRACE = 2;
/** A lease is renewed in so many of its last seconds, or in its second half if it is shorter than two. */
const RENEWAL_SECONDS = 1;
/**
 * A key's object holds what isolates report for so long before it writes a row. That is one row in four leases of the
 * default; one in two leaves room for keys with a limit, whose tokens take rows, too.
 */
const HELD_SECONDS = 20;
const LEASES_PER_ROW = 2;

/** How often something is renewed that is good for `seconds`, if the next of `rate` reads a second has to renew it. */
const renewals = (seconds: number, rate: number) => 1 / (seconds + 1 / rate);

/** The operations of one second. Errs on the high side. */
export function operationsPerSecond(load: Load, settings: Settings): Operations {
  const { requestsPerSecond, isolates, keys, organizations, memberShare } = load;
  const { freshSeconds, staleSeconds, staleIfErrorSeconds, memorySeconds, leaseSeconds } = settings;
  const pairs = keys * isolates;
  const renewalAge = leaseSeconds - Math.min(RENEWAL_SECONDS, leaseSeconds / 2);
  const leaseInterval = renewalAge + pairs / requestsPerSecond;
  const leases = pairs / leaseInterval;
  const leasesPerRow = leaseInterval < HELD_SECONDS ? LEASES_PER_ROW : 1;
  const syncs = isolates * renewals(leaseSeconds / 2, requestsPerSecond / isolates);
  // An unchanged organization is written to KV when its copy has used up an eighth of its TTL.
  const ttlSeconds = freshSeconds + staleSeconds + staleIfErrorSeconds;
  const rewriteSeconds = Math.max(freshSeconds + staleSeconds, ttlSeconds / 8);

  let [kvReads, objectReads, refreshes, kvWrites] = [0, 0, 0, 0];
  const memberReads = requestsPerSecond * memberShare;
  for (const rate of zipfRates(organizations, requestsPerSecond - memberReads)) {
    kvReads += isolates * renewals(memorySeconds, rate / isolates);
    // What an isolate gets from the object is half used, on average.
    objectReads += isolates * renewals(freshSeconds / 2, rate / isolates);
    const ownRefreshes = renewals(freshSeconds, rate);
    refreshes += ownRefreshes;
    const avoidableReads = isolates * renewals(freshSeconds, rate / isolates) - ownRefreshes;
    kvWrites += Math.min(ownRefreshes, renewals(rewriteSeconds, rate) + avoidableReads / READS_PER_WRITE);
  }
  const objectCalls = leases + syncs + objectReads;
  return {
    kvReads,
    kvWrites,
    objectCalls,
    rowsRead: objectCalls,
    rowsWritten: leases / leasesPerRow + kvWrites,
    upstreamCalls: refreshes + memberReads,
  };
}

function zipfRates(count: number, total: number): readonly number[] {
  const weights = Array.from({ length: count }, (_, index) => 1 / (index + 1));
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return weights.map((weight) => (total * weight) / sum);
}

/** Dollars of a month, what the plan includes taken off. */
export function monthlyCost(load: Load, settings: Settings): MonthlyCost {
  const perSecond = operationsPerSecond(load, settings);
  const month = Object.fromEntries(
    Object.entries(perSecond).map(([name, count]) => [name, count * SECONDS_PER_MONTH]),
  ) as unknown as Operations;
  const requests = load.requestsPerSecond * SECONDS_PER_MONTH;
  const used = usageOf(month, requests, CPU_MS_PER_REQUEST, true);
  const dollars = (...names: (keyof Usage)[]) => {
    const billed = Object.entries(used).map(([name, count]) => {
      const included = INCLUDED_PER_MONTH[name as keyof Usage];
      return [name, names.includes(name as keyof Usage) ? Math.max(0, count - included) : 0];
    });
    return dollarsOf(Object.fromEntries(billed) as Usage);
  };
  const parts = {
    plan: PLAN_DOLLARS,
    requests: dollars("requests", "cpuMs"),
    kv: dollars("kvReads", "kvWrites"),
    objects: dollars("objectCalls", "gigabyteSeconds", "rowsRead", "rowsWritten"),
    logs: logDollars(logGigabytes(load, settings, perSecond)),
  };
  return { ...parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}

/** Returns what the log of a month has, in GB. Each answer that is no hit has a line. */
function logGigabytes({ requestsPerSecond }: Load, settings: Settings, perSecond: Operations): number {
  const unsampled = Math.min(perSecond.upstreamCalls, requestsPerSecond);
  const lines = unsampled + (requestsPerSecond - unsampled) * settings.logHitSampleRate;
  const invocations = settings.invocationLogs ? requestsPerSecond + perSecond.objectCalls : 0;
  const spans = requestsPerSecond * TRACED_SHARE * SPANS_PER_TRACE;
  const bytes = lines * LOG_LINE_BYTES + invocations * INVOCATION_LOG_BYTES + spans * SPAN_BYTES;
  return (bytes * SECONDS_PER_MONTH) / 1e9;
}

function logDollars(gigabytes: number): number {
  const stored = (gigabytes * LOG_PRICES.keptDays) / 30;
  return (
    Math.max(0, gigabytes - LOG_PRICES.ingestedIncluded) * LOG_PRICES.ingestedDollars +
    Math.max(0, stored - LOG_PRICES.storedIncluded) * LOG_PRICES.storedDollars
  );
}
