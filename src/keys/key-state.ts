/** What an isolate keeps of keys between requests: settled plain data, and nothing that was not told to it by their objects or counted here. */
import { createTokenPools, type TokenPools } from "../limits/token-pools.ts";
import type { VerifiedMacs } from "./key-format.ts";
import { createLeases, type Leases } from "./lease.ts";
import type { PendingUsage } from "./usage.ts";

export interface KeyState {
  readonly leases: Leases;
  readonly tokenPools: TokenPools;
  readonly pendingUsage: PendingUsage;
  readonly verifiedMacs: VerifiedMacs;
  /** By which objects tell isolates apart. */
  isolateId?: string;
}

export const createKeyState = (): KeyState => ({
  leases: createLeases(),
  tokenPools: createTokenPools(),
  pendingUsage: new Map(),
  verifiedMacs: new Map(),
});
