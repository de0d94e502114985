/** The Directory's copies of all keys' records. The keys' own objects report them, and are the only authority. */
import { isOfProject, type KeyRecord } from "../keys/record.ts";
import { ALL_KEYS, isKept, type KeyFilter } from "./key-filter.ts";
import { KeyStatusCounts, type KeyStatuses } from "./key-status-counts.ts";
import { type Cursor, type Page, readPage } from "./page.ts";

export class KeyIndex {
  readonly #sql: SqlStorage;
  readonly #statuses: KeyStatusCounts;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#statuses = new KeyStatusCounts(sql);
    sql.exec(
      `CREATE TABLE IF NOT EXISTS keys (
        id TEXT PRIMARY KEY, at TEXT NOT NULL, version INTEGER NOT NULL, item TEXT NOT NULL
      ) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS keys_by_age ON keys (at, id);`,
    );
  }

  /** Takes in a record. An older one than the last changes nothing. */
  put(record: KeyRecord): void {
    this.#sql.exec(
      `INSERT INTO keys (id, at, version, item) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET version = excluded.version, item = excluded.item
       WHERE excluded.version > version`,
      record.key_id,
      record.created_at,
      record.version,
      JSON.stringify(record),
    );
    this.#statuses.reset();
  }

  /** Up to `limit` records of this Stytch project, newest first, from after the cursor. See `isOfProject`. */
  list(
    limit: number,
    after: Cursor | null,
    projectId: string,
    filter: KeyFilter = ALL_KEYS,
  ): Page<KeyRecord> {
    const now = Date.now();
    return readPage<KeyRecord>(
      this.#sql,
      "keys",
      limit,
      after,
      "AND coalesce(json_extract(item, '$.project_id'), ?) = ?",
      [projectId, projectId],
      (record) => isKept(record, filter, now),
    );
  }

  /** The name of a key of this Stytch project; null if it is none. */
  nameOf(keyId: string, projectId: string): string | null {
    const [row] = this.#sql.exec<{ item: string }>("SELECT item FROM keys WHERE id = ?", keyId).toArray();
    const record = row === undefined ? null : (JSON.parse(row.item) as KeyRecord);
    return record === null || !isOfProject(record, projectId) ? null : record.name;
  }

  /** How many keys of this Stytch project have each status at `now`. */
  statuses(projectId: string, now: number): KeyStatuses {
    return this.#statuses.of(projectId, now);
  }
}
