/** The purge list of an isolate, synced with a Directory that answers by hand. */
import { vi } from "vitest";
import { PurgeList, type PurgeUpdates } from "../../src/cache/purge/purge-list.ts";
import { PurgeSync } from "../../src/cache/purge/purge-sync.ts";
import { NOW } from "./clock.ts";

export const NOTHING: PurgeUpdates = { purges: [], purgedBefore: 0, latest: 0 };
const LEASE_MS = 10_000;
const GRACE_MS = 20_000;

export const purged = (name: string, sequence: number): PurgeUpdates => ({
  purges: [{ name, sequence }],
  purgedBefore: 0,
  latest: sequence,
});
export const hang = async () => await new Promise<never>(() => {});
export const fail = async () => await Promise.reject(new Error("the Directory is gone"));

/** Creates an isolate with its own clock. `chance`: what shortens a pause by up to a half, 0 to 1. */
export function syncedIsolate(
  directory: (after: number) => Promise<PurgeUpdates> = async () => NOTHING,
  chance = 0,
) {
  const list = new PurgeList();
  const fetchUpdates = vi.fn(directory);
  const background: Promise<unknown>[] = [];
  let now = NOW;
  const sync = new PurgeSync(
    list,
    fetchUpdates,
    LEASE_MS,
    () => now,
    () => chance,
  );
  return {
    list,
    fetchUpdates,
    background: async () => await Promise.all(background.splice(0)),
    at: (seconds: number) => {
      now = NOW + seconds * 1_000;
    },
    ensureSynced: () => sync.ensureSynced((work) => void background.push(work)),
    ensureCurrent: () => sync.ensureCurrent(GRACE_MS, (work) => void background.push(work)),
  };
}
