/** A folder in memory, for the state of Workers that tests and measurements start. */
import { existsSync, statfsSync } from "node:fs";

/** On Linux. */
const MEMORY_FOLDER = "/dev/shm";
const MIN_FREE_BYTES = 512 * 1024 * 1024;

/**
 * Has Miniflare keep temporary state in memory if there is room: the objects of a run keep up to some hundred MB in small
 * SQLite files, and on a disk a third of the time and more goes into these. Call it before the first Worker starts.
 */
export function keepStateInMemory(): void {
  if (!existsSync(MEMORY_FOLDER)) return;
  const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
  if (bavail * bsize >= MIN_FREE_BYTES) process.env["TMPDIR"] = MEMORY_FOLDER;
}
