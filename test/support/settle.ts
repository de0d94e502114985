/** For files whose tests stop timers. */
import { evictAllDurableObjects } from "cloudflare:test";
import { beforeAll } from "vitest";

/**
 * Waits, before the tests of a file, for what earlier files have left to do in objects. Files share a runtime: an object
 * that meets a stopped timer waits for ever, and holds up each later eviction.
 */
export function useIdleObjects(): void {
  beforeAll(async () => await evictAllDurableObjects());
}
