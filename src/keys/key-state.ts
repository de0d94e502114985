/** All that an isolate keeps about keys between requests. It is lost with the isolate. */
import type { Config } from "../config.ts";
import type { TokenPools } from "../limits/token-pool.ts";
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
  tokenPools: new Map(),
  pendingUsage: new PendingUsage(config),
  verifiedMacs: new VerifiedMacs(config),
});
