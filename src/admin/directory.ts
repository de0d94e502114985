/**
 * The one object that knows which keys there are: an index for listing, kept true by the keys' own objects. Nothing on the
 * request path waits for it, and no decision is made from it.
 */
import { DurableObject } from "cloudflare:workers";
import type { KeyRecord } from "../keys/record.ts";

/** The place in the list behind which a page begins: of the key listed last. */
export interface Cursor {
  readonly createdAt: string;
  readonly keyId: string;
}

export class Directory extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS keys (
        key_id TEXT PRIMARY KEY,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        record TEXT NOT NULL
      ) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS keys_by_age ON keys (created_at, key_id);`,
    );
  }

  /** Takes in a key's record. Reports may come late and out of order; an older one changes nothing. */
  report(record: KeyRecord): void {
    this.ctx.storage.sql.exec(
      `INSERT INTO keys (key_id, created_at, updated_at, record) VALUES (?, ?, ?, ?)
       ON CONFLICT (key_id) DO UPDATE SET updated_at = excluded.updated_at, record = excluded.record
       WHERE excluded.updated_at >= updated_at`,
      record.key_id,
      record.created_at,
      record.updated_at,
      JSON.stringify(record),
    );
  }

  /** Up to `limit` records, newest first, from behind `after`. Reads one row more than it returns, to tell whether there are more. */
  list(limit: number, after: Cursor | null): { readonly records: KeyRecord[]; readonly next: Cursor | null } {
    const rows = this.ctx.storage.sql
      .exec<{ record: string }>(
        `SELECT record FROM keys WHERE (created_at, key_id) < (?, ?) ORDER BY created_at DESC, key_id DESC LIMIT ?`,
        after?.createdAt ?? "\u{10FFFF}",
        after?.keyId ?? "",
        limit + 1,
      )
      .toArray();
    const records = rows.slice(0, limit).map((row) => JSON.parse(row.record) as KeyRecord);
    const last = records.at(-1);
    const more = rows.length > limit && last !== undefined;
    return { records, next: more ? { createdAt: last.created_at, keyId: last.key_id } : null };
  }
}
