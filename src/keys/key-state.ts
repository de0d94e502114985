/** What an isolate keeps of keys between requests: settled plain data, and nothing that was not told to it by their objects or counted here. */
import type { Allowances } from "../limits/token-pool.ts";
import type { Proofs } from "./key-format.ts";
import { type Leases, noLeases } from "./lease.ts";
import type { Unreported } from "./usage.ts";

export interface KeyMemory {
  readonly leases: Leases;
  readonly allowances: Allowances;
  readonly unreported: Unreported;
  readonly proofs: Proofs;
  /** By which objects tell isolates apart. */
  isolate?: string;
}

export const newKeyMemory = (): KeyMemory => ({
  leases: noLeases(),
  allowances: new Map(),
  unreported: new Map(),
  proofs: new Map(),
});
