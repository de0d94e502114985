/** All that an isolate keeps about keys between requests. It is lost with the isolate. */
import type { Config } from "../config.ts";
import { createTokenPools, type TokenPools } from "../limits/token-pools.ts";
import { Leases } from "./lease.ts";
import { PendingUsage } from "./usage.ts";
import { VerifiedKeys } from "./verified-keys.ts";

export interface KeyState {
  readonly leases: Leases;
  readonly tokenPools: TokenPools;
  readonly pendingUsage: PendingUsage;
  readonly verifiedKeys: VerifiedKeys;
  /** Tells isolates apart in the ledger of a key's tokens. */
  isolateId?: string;
}

export const createKeyState = (config: Config): KeyState => ({
  leases: new Leases(config),
  tokenPools: createTokenPools(),
  pendingUsage: new PendingUsage(config),
  verifiedKeys: new VerifiedKeys(config),
});
