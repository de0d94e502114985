/** What an isolate keeps between requests: settled plain data, never a promise, a stream or a Response. */
import { emptyMemory, type Memory } from "./cache/memory.ts";
import { type Leases, noLeases } from "./keys/lease.ts";
import type { JwksMemory } from "./proxy/jwks.ts";

export interface Isolate {
  readonly leases: Leases;
  readonly memory: Memory;
  readonly jwks: JwksMemory;
}

export const newIsolate = (): Isolate => ({ leases: noLeases(), memory: emptyMemory(), jwks: {} });
