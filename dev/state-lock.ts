/**
 * Keeps two servers out of one state: each would have objects of its own over the same storage, so limits, leases and
 * secrets would differ between them. The lock is that of a SQLite file, which the operating system gives back whenever
 * its process ends, however it ends. No stale lock can be left behind.
 */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

const LOCK_FILE = ".wrangler/postern-start.lock";
/** Two processes that ask at the same moment may both be refused at first. */
const WAIT_MS = 500;

/** Keeps the lock from the garbage collector, which would close the file. */
let held: DatabaseSync | undefined;

/** Takes the lock until the process ends. False if another process has it. */
export function lockState(): boolean {
  held ??= tryLock();
  return held !== undefined;
}

function tryLock(): DatabaseSync | undefined {
  mkdirSync(dirname(LOCK_FILE), { recursive: true });
  const database = new DatabaseSync(LOCK_FILE);
  try {
    database.exec(`PRAGMA busy_timeout = ${WAIT_MS}; BEGIN EXCLUSIVE`);
  } catch {
    database.close();
    return undefined;
  }
  return database;
}

/** Whether another process has the lock. Writes nothing if there was no start before. */
export function isStateLocked(): boolean {
  if (!existsSync(LOCK_FILE)) return false;
  const lock = tryLock();
  lock?.close();
  return lock === undefined;
}
