/**
 * The one object that knows which keys there are, what was done to them and to the cache, and what was purged of late. Keys' own objects
 * keep its index true. Nothing on the request path waits for it but an isolate that does not know the purges of the last seconds.
 */
import { DurableObject } from "cloudflare:workers";
import { kvTtlSeconds } from "../cache/freshness.ts";
import { MAX_PURGES, type Purge, type PurgeUpdates } from "../cache/purge/purge-list.ts";
import { isolateStateOf } from "../isolate-state.ts";
import type { KeyEvent } from "../keys/event-outbox.ts";
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

/** Who purged an organization. What Stytch's own answers have shown to be over is purged as well, and is nobody's action. */
export interface PurgeEvent {
  readonly at: string;
  readonly action: "cache.purged";
  readonly key_id: null;
  readonly detail: Readonly<Record<string, string>>;
}

export type AuditEvent = KeyEvent | PurgeEvent;

const LATEST_PURGE_KEY = "latest-purge";
const PURGED_BEFORE_KEY = "purge-floor";

/** Counting them reads them all, so it is done once for so many. */
const PURGES_BETWEEN_COUNTS = 100;

/** Beyond the life of an entry, in ms: an upstream request of 30 s, and clocks that differ by a minute. */
const PURGE_MARGIN_MS = 120_000;

/** How long the audit keeps purges, which Stytch's webhooks cause by the thousand: 30 days. What was done to keys stays. */
const PURGE_EVENT_RETENTION_MS = 30 * 86_400_000;

/** Sorts as the numbers do. A key's ID is longer than `purge`. */
const purgeEventId = (number: number) => `purge.${String(number).padStart(16, "0")}`;

export class Directory extends DurableObject<Env> {
  /** Names purged since the list was last counted; at first, that is not known. */
  #purgesSinceCount = PURGES_BETWEEN_COUNTS;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS keys (
        id TEXT PRIMARY KEY, at TEXT NOT NULL, version INTEGER NOT NULL, item TEXT NOT NULL
      ) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS keys_by_age ON keys (at, id);
      CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, at TEXT NOT NULL, item TEXT NOT NULL) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS events_by_age ON events (at, id);
      CREATE TABLE IF NOT EXISTS purges (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS purges_by_number ON purges (number);`,
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
    for (const event of events) this.#addEvent(event.id, event);
  }

  /**
   * Purges whatever bears one of these names, and returns the number of the purge. It is in force everywhere `LEASE_SECONDS` after the answer.
   * `detail`: who did it, for the audit; null where nobody did.
   */
  purge(names: readonly string[], detail: PurgeEvent["detail"] | null): number {
    const { sql, kv } = this.ctx.storage;
    const now = Date.now();
    // Near the time, so that numbers go on growing where a Directory had to begin anew.
    const number = Math.max(now, (kv.get<number>(LATEST_PURGE_KEY) ?? 0) + 1);
    kv.put(LATEST_PURGE_KEY, number);
    for (const name of names) {
      sql.exec(
        "INSERT INTO purges (name, number) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET number = excluded.number",
        name,
        number,
      );
    }
    this.#purgesSinceCount += names.length;
    this.#deleteOldPurges(now);
    if (detail !== null) {
      const at = new Date(now).toISOString();
      this.#addEvent(purgeEventId(number), { at, action: "cache.purged", key_id: null, detail });
      const [least, end] = [purgeEventId(0), purgeEventId(Math.max(0, now - PURGE_EVENT_RETENTION_MS))];
      sql.exec("DELETE FROM events WHERE id >= ? AND id < ?", least, end);
    }
    return number;
  }

  /** What was purged after the purge of this number. */
  purgesSince(number: number): PurgeUpdates {
    const { sql, kv } = this.ctx.storage;
    const purges = sql
      .exec<{ name: string; number: number }>(
        "SELECT name, number FROM purges WHERE number > ? ORDER BY number",
        number,
      )
      .toArray();
    const news: readonly Purge[] = purges.map((purge) => ({ name: purge.name, sequence: purge.number }));
    return {
      purges: news,
      purgedBefore: kv.get<number>(PURGED_BEFORE_KEY) ?? 0,
      latest: kv.get<number>(LATEST_PURGE_KEY) ?? 0,
    };
  }

  /** Up to `limit` records, newest first, from behind `after`. */
  listKeys(limit: number, after: Cursor | null): Page<KeyRecord> {
    return this.#page("keys", limit, after);
  }

  /** Up to `limit` events, newest first, from behind `after`. */
  listEvents(limit: number, after: Cursor | null): Page<AuditEvent> {
    return this.#page("events", limit, after);
  }

  #addEvent(id: string, event: AuditEvent): void {
    this.ctx.storage.sql.exec(
      "INSERT INTO events (id, at, item) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
      id,
      event.at,
      JSON.stringify(event),
    );
  }

  /** Those that are older than any entry can be; and the oldest where they are too many, which then stand for all before them. */
  #deleteOldPurges(now: number): void {
    const { sql, kv } = this.ctx.storage;
    const state = isolateStateOf(this.env);
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
