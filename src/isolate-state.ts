/** What an isolate keeps between requests: settled plain data, never a promise, a stream or a Response. */

import { createProjectionCache, type ProjectionCache } from "./api/projection-cache.ts";
import { createMemory, type Memory } from "./cache/memory.ts";
import { createPurgeList, type PurgeList } from "./cache/purge/purge-list.ts";
import type { JwksCache } from "./jwks/route.ts";
import { createKeyState, type KeyState } from "./keys/key-state.ts";

export interface IsolateState {
  readonly keys: KeyState;
  readonly memory: Memory;
  readonly purges: PurgeList;
  readonly views: ProjectionCache;
  readonly jwks: JwksCache;
}

export const createIsolateState = (): IsolateState => ({
  keys: createKeyState(),
  memory: createMemory(),
  purges: createPurgeList(),
  views: createProjectionCache(),
  jwks: {},
});
