/** What an isolate keeps between requests: settled plain data, never a promise, a stream or a Response. */
import { emptyMemory, type Memory } from "./cache/memory.ts";
import { noPurges, type Purges } from "./cache/purges.ts";
import { type Leases, noLeases } from "./keys/lease.ts";
import type { Told } from "./keys/token.ts";
import type { Unreported } from "./keys/usage.ts";
import type { JwksMemory } from "./proxy/jwks.ts";
import { noViews, type Views } from "./proxy/view.ts";

export interface Isolate {
  readonly leases: Leases;
  readonly unreported: Unreported;
  readonly told: Told;
  readonly memory: Memory;
  readonly purges: Purges;
  readonly views: Views;
  readonly jwks: JwksMemory;
}

export const newIsolate = (): Isolate => ({
  leases: noLeases(),
  unreported: new Map(),
  told: new Map(),
  memory: emptyMemory(),
  purges: noPurges(),
  views: noViews(),
  jwks: {},
});
