/** What operations cost on Cloudflare's Workers Paid plan, beyond what it includes. Read in November 2026. */

export interface Operations {
  kvReads: number;
  kvWrites: number;
  objectCalls: number;
  /** Of the storage of objects. */
  rowsRead: number;
  rowsWritten: number;
  upstreamCalls: number;
}

/**
 * Dollars a million, each: https://developers.cloudflare.com/workers/platform/pricing/, https://developers.cloudflare.com/kv/platform/pricing/,
 * https://developers.cloudflare.com/durable-objects/platform/pricing/
 */
const MILLION = {
  requests: 0.3,
  cpuMs: 0.02,
  kvReads: 0.5,
  kvWrites: 5,
  objectCalls: 0.15,
  rowsRead: 0.001,
  rowsWritten: 1,
  gigabyteSeconds: 12.5,
} as const;

/** An object is billed for 128 MB for as long as it is at work. */
const OBJECT_GIGABYTES = 0.128;
/** How long it is at work for a call, in ms; that of an organization also for as long as Stytch takes. Guesses: what is local cannot show it. */
const OBJECT_MS = 5;
const STYTCH_MS = 80;

/** `share`: of `requests`, of which so many operations were counted. `objectsAsk`: whether it is objects that wait for Stytch. */
export function dollarsPerMillion(
  operations: Operations,
  requests: number,
  cpuMs: number,
  objectsAsk: boolean,
): number {
  const each = (count: number) => count / requests;
  const objectSeconds =
    (each(operations.objectCalls) * OBJECT_MS +
      (objectsAsk ? each(operations.upstreamCalls) * STYTCH_MS : 0)) /
    1_000;
  return (
    MILLION.requests +
    cpuMs * MILLION.cpuMs +
    each(operations.kvReads) * MILLION.kvReads +
    each(operations.kvWrites) * MILLION.kvWrites +
    each(operations.objectCalls) * MILLION.objectCalls +
    each(operations.rowsRead) * MILLION.rowsRead +
    each(operations.rowsWritten) * MILLION.rowsWritten +
    objectSeconds * OBJECT_GIGABYTES * MILLION.gigabyteSeconds
  );
}
