/** What an isolate keeps between requests: settled plain data, never a promise, a stream or a Response. */

import { noViews, type Views } from "./api/projection-cache.ts";
import { emptyMemory, type Memory } from "./cache/memory.ts";
import { noPurges, type Purges } from "./cache/purge/purge-list.ts";
import type { JwksMemory } from "./jwks/route.ts";
import { type KeyMemory, newKeyMemory } from "./keys/key-state.ts";

export interface Isolate {
  readonly keys: KeyMemory;
  readonly memory: Memory;
  readonly purges: Purges;
  readonly views: Views;
  readonly jwks: JwksMemory;
}

export const newIsolate = (): Isolate => ({
  keys: newKeyMemory(),
  memory: emptyMemory(),
  purges: noPurges(),
  views: noViews(),
  jwks: {},
});
