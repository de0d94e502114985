/** Prices of Cloudflare's Workers Paid plan, beyond the included usage, as published in November 2026. */

export interface Operations {
  kvReads: number;
  kvWrites: number;
  objectCalls: number;
  /** In the storage of Durable Objects, like `rowsWritten`. */
  rowsRead: number;
  rowsWritten: number;
  upstreamCalls: number;
}

/**
 * Dollars for a million of each: https://developers.cloudflare.com/workers/platform/pricing/,
 * https://developers.cloudflare.com/kv/platform/pricing/,
 * https://developers.cloudflare.com/durable-objects/platform/pricing/
 */
const DOLLARS_PER_MILLION = {
  requests: 0.3,
  cpuMs: 0.02,
  kvReads: 0.5,
  kvWrites: 5,
  objectCalls: 0.15,
  rowsRead: 0.001,
  rowsWritten: 1,
  gigabyteSeconds: 12.5,
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
export function dollarsPerMillion(
  operations: Operations,
  requests: number,
  cpuMs: number,
  objectsCallStytch: boolean,
): number {
  const perRequest = (count: number) => count / requests;
  const objectSeconds =
    (perRequest(operations.objectCalls) * OBJECT_CALL_MS +
      (objectsCallStytch ? perRequest(operations.upstreamCalls) * STYTCH_CALL_MS : 0)) /
    1_000;
  return (
    DOLLARS_PER_MILLION.requests +
    cpuMs * DOLLARS_PER_MILLION.cpuMs +
    perRequest(operations.kvReads) * DOLLARS_PER_MILLION.kvReads +
    perRequest(operations.kvWrites) * DOLLARS_PER_MILLION.kvWrites +
    perRequest(operations.objectCalls) * DOLLARS_PER_MILLION.objectCalls +
    perRequest(operations.rowsRead) * DOLLARS_PER_MILLION.rowsRead +
    perRequest(operations.rowsWritten) * DOLLARS_PER_MILLION.rowsWritten +
    objectSeconds * OBJECT_GIGABYTES * DOLLARS_PER_MILLION.gigabyteSeconds
  );
}
