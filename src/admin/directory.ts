/**
 * The one object that knows which keys there are: an index for listing and the audit of what was changed, kept true by the keys' own
 * objects. Nothing on the request path waits for it, and no decision is made from it.
 */
import { DurableObject } from "cloudflare:workers";
import type { KeyEvent } from "../keys/api-key.ts";
import type { KeyRecord } from "../keys/record.ts";

/** The place in a list behind which a page begins: of what was listed last. */
export interface Cursor {
  /** RFC 3339. */
  readonly at: string;
  readonly id: string;
}

export interface Page<T> {
  readonly items: T[];
  readonly next: Cursor | null;
}

export class Directory extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS keys (
        id TEXT PRIMARY KEY, at TEXT NOT NULL, version INTEGER NOT NULL, item TEXT NOT NULL
      ) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS keys_by_age ON keys (at, id);
      CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, at TEXT NOT NULL, item TEXT NOT NULL) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS events_by_age ON events (at, id);`,
    );
  }

  /** Takes in a key's record and what happened to it. Reports may come late, twice and out of order; an older one changes nothing. */
  report(record: KeyRecord, events: readonly KeyEvent[]): void {
    this.ctx.storage.sql.exec(
      `INSERT INTO keys (id, at, version, item) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET version = excluded.version, item = excluded.item
       WHERE excluded.version > version`,
      record.key_id,
      record.created_at,
      record.version,
      JSON.stringify(record),
    );
    for (const event of events) {
      this.ctx.storage.sql.exec(
        "INSERT INTO events (id, at, item) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
        event.id,
        event.at,
        JSON.stringify(event),
      );
    }
  }

  /** Up to `limit` records, newest first, from behind `after`. */
  listKeys(limit: number, after: Cursor | null): Page<KeyRecord> {
    return this.#page("keys", limit, after);
  }

  /** Up to `limit` events, newest first, from behind `after`. */
  listEvents(limit: number, after: Cursor | null): Page<KeyEvent> {
    return this.#page("events", limit, after);
  }

  /** By the index; reads one row more than it returns, to tell whether there are more. */
  #page<T>(table: "keys" | "events", limit: number, after: Cursor | null): Page<T> {
    const rows = this.ctx.storage.sql
      .exec<{ id: string; at: string; item: string }>(
        `SELECT id, at, item FROM ${table} WHERE (at, id) < (?, ?) ORDER BY at DESC, id DESC LIMIT ?`,
        after?.at ?? "\u{10FFFF}",
        after?.id ?? "",
        limit + 1,
      )
      .toArray();
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map(({ item }) => JSON.parse(item) as T),
      next: rows.length > limit && last !== undefined ? { at: last.at, id: last.id } : null,
    };
  }
}
