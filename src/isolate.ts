/** What an isolate keeps between requests: settled plain data, never a promise, a stream or a Response. */
import { emptyMemory, type Memory } from "./cache/memory.ts";
import { noPurges, type Purges } from "./cache/purges.ts";
import { type KeyMemory, newKeyMemory } from "./keys/key-memory.ts";
import type { JwksMemory } from "./proxy/jwks.ts";
import { noViews, type Views } from "./proxy/view.ts";

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
