/**
 * Prices of Cloudflare's Workers Paid plan, and how they add up. They were read in November 2026 from
 *
 *   https://developers.cloudflare.com/workers/platform/pricing/
 *   https://developers.cloudflare.com/kv/platform/pricing/
 *   https://developers.cloudflare.com/durable-objects/platform/pricing/
 *   https://developers.cloudflare.com/observability/pricing/ (in force from 2026-12-01)
 */

export interface Operations {
  kvReads: number;
  kvWrites: number;
  objectCalls: number;
  /** In the storage of Durable Objects, like `rowsWritten`. */
  rowsRead: number;
  rowsWritten: number;
  upstreamCalls: number;
}

/** Dollars for a million of each, beyond the included usage. */
export const DOLLARS_PER_MILLION = {
  requests: 0.3,
  cpuMs: 0.02,
  kvReads: 0.5,
  kvWrites: 5,
  objectCalls: 0.15,
  rowsRead: 0.001,
  rowsWritten: 1,
  gigabyteSeconds: 12.5,
} as const;

/** What Cloudflare bills. */
export type Usage = Record<keyof typeof DOLLARS_PER_MILLION, number>;

/**
 * The CPU time of a request, in ms: that of a hit, as the benchmark has measured it. All estimates use it, since nothing
 * in a Worker can measure it. It makes a hundredth of the price.
 */
export const CPU_MS_PER_REQUEST = 0.118;

/** Dollars a month for the plan itself. */
export const PLAN_DOLLARS = 5;

/** What the plan includes in a month, for all Workers of the account. */
export const INCLUDED_PER_MONTH: Readonly<Usage> = {
  requests: 10e6,
  cpuMs: 30e6,
  kvReads: 10e6,
  kvWrites: 1e6,
  objectCalls: 1e6,
  rowsRead: 25e9,
  rowsWritten: 50e6,
  gigabyteSeconds: 400_000,
};

/** Workers Logs and traces: dollars a gigabyte, beyond the gigabytes that a month includes. They are kept for seven days. */
export const LOG_PRICES = {
  ingestedDollars: 0.25,
  ingestedIncluded: 50,
  storedDollars: 0.1,
  storedIncluded: 12,
  keptDays: 7,
} as const;

/** An object is billed for 128 MB while it is active. */
const OBJECT_GIGABYTES = 0.128;
/**
 * How long a call keeps an object active, and how long an organization's object waits for Stytch in addition. Both are
 * estimates, because a local run cannot measure them.
 */
const OBJECT_CALL_MS = 5;
const STYTCH_CALL_MS = 80;

/**
 * `operations` are those of all `requests`, `cpuMs` is that of one. `objectsCallStytch`: it is an object that waits for
 * Stytch and is billed for it.
 */
export function usageOf(
  operations: Operations,
  requests: number,
  cpuMs: number,
  objectsCallStytch: boolean,
): Usage {
  const { upstreamCalls, ...billed } = operations;
  const objectMs =
    operations.objectCalls * OBJECT_CALL_MS + (objectsCallStytch ? upstreamCalls * STYTCH_CALL_MS : 0);
  return {
    ...billed,
    requests,
    cpuMs: cpuMs * requests,
    gigabyteSeconds: (objectMs / 1_000) * OBJECT_GIGABYTES,
  };
}

/** Dollars for this usage, as though the plan included nothing. */
export function dollarsOf(usage: Readonly<Usage>): number {
  const names = Object.keys(DOLLARS_PER_MILLION) as (keyof Usage)[];
  return names.reduce((sum, name) => sum + (usage[name] * DOLLARS_PER_MILLION[name]) / 1e6, 0);
}

/** Dollars for a million requests like these, as though the plan included nothing. The arguments are those of `usageOf`. */
export function dollarsPerMillion(
  operations: Operations,
  requests: number,
  cpuMs: number,
  objectsCallStytch: boolean,
): number {
  return (dollarsOf(usageOf(operations, requests, cpuMs, objectsCallStytch)) / requests) * 1e6;
}
