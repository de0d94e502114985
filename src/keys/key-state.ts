/** All that an isolate keeps about keys between requests. It is lost with the isolate. */
import type { Config } from "../config.ts";
import { createTokenPools, type TokenPools } from "../limits/token-pools.ts";
import { Leases } from "./lease.ts";
import { PendingUsage } from "./usage.ts";
import { VerifiedMacs } from "./verified-macs.ts";

export interface KeyState {
  readonly leases: Leases;
  readonly tokenPools: TokenPools;
  readonly pendingUsage: PendingUsage;
  readonly verifiedMacs: VerifiedMacs;
  /** Tells isolates apart in the ledger of a key's tokens. */
  isolateId?: string;
}

export const createKeyState = (config: Config): KeyState => ({
  leases: new Leases(config),
  tokenPools: createTokenPools(),
  pendingUsage: new PendingUsage(config),
  verifiedMacs: new VerifiedMacs(config),
});
