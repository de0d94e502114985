/** The purges that the Directory lists, in its storage. */

import { isolateStateOf } from "../../isolate-state.ts";
import { kvTtlSeconds } from "../freshness.ts";
import { MAX_PURGES, type PurgeUpdates } from "./purge-list.ts";

const PURGED_BEFORE_KEY = "purge-floor";

/** Counting the purges reads all their rows, so it is done once in this many purges. */
const PURGES_BETWEEN_COUNTS = 100;

/** How long a purge is kept beyond the TTL of an entry: an upstream request of 30 s, and clocks that differ by a minute. */
const PURGE_MARGIN_MS = 120_000;

export class PurgeStore {
  readonly #storage: DurableObjectStorage;
  readonly #env: Env;
  /** Names purged since the purges were last counted. After a start it is unknown, so they are counted at once. */
  #purgesSinceCount = PURGES_BETWEEN_COUNTS;

  constructor(storage: DurableObjectStorage, env: Env) {
    this.#storage = storage;
    this.#env = env;
    storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS purges (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS purges_by_number ON purges (number);`,
    );
  }

  /** Adds a purge of these names. `sequence`: its number, the latest. */
  add(names: readonly string[], sequence: number, now: number): void {
    for (const name of names) {
      this.#storage.sql.exec(
        "INSERT INTO purges (name, number) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET number = excluded.number",
        name,
        sequence,
      );
    }
    this.#purgesSinceCount += names.length;
    this.#deleteOld(now);
  }

  /** The number of the latest purge of any of these names; 0 if there was none that matters. */
  latestOf(names: readonly string[]): number {
    let latest = this.#purgedBefore();
    for (const name of names) {
      const rows = this.#storage.sql.exec<{ number: number }>(
        "SELECT number FROM purges WHERE name = ?",
        name,
      );
      for (const { number } of rows) latest = Math.max(latest, number);
    }
    return latest;
  }

  #purgedBefore(): number {
    return this.#storage.kv.get<number>(PURGED_BEFORE_KEY) ?? 0;
  }

  /** The purges after the one with this sequence number. */
  since(sequence: number): Omit<PurgeUpdates, "latest"> {
    const purges = this.#storage.sql
      .exec<{ name: string; number: number }>(
        "SELECT name, number FROM purges WHERE number > ? ORDER BY number",
        sequence,
      )
      .toArray();
    return {
      purges: purges.map((purge) => ({ name: purge.name, sequence: purge.number })),
      purgedBefore: this.#purgedBefore(),
    };
  }

  /**
   * Deletes purges that are older than any entry can be. If there are still too many, the oldest go as well, and
   * everything from before them counts as purged.
   */
  #deleteOld(now: number): void {
    const { sql, kv } = this.#storage;
    const state = isolateStateOf(this.#env);
    if (state.ok) {
      const lifeMs = kvTtlSeconds(state.value.config.cache) * 1_000 + PURGE_MARGIN_MS;
      sql.exec("DELETE FROM purges WHERE number < ?", now - lifeMs);
    }
    if (this.#purgesSinceCount < PURGES_BETWEEN_COUNTS) return;
    this.#purgesSinceCount = 0;
    const [last] = sql
      .exec<{ number: number }>("SELECT number FROM purges ORDER BY number DESC LIMIT 1 OFFSET ?", MAX_PURGES)
      .toArray();
    if (last === undefined) return;
    sql.exec("DELETE FROM purges WHERE number <= ?", last.number);
    kv.put(PURGED_BEFORE_KEY, last.number);
  }
}
