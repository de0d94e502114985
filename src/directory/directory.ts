/**
 * The one object that lists: the index of keys, the audit log, and the recent purges. The keys' own objects report to it
 * and keep its index true. On the request path, only an isolate whose purge list is older than a lease waits for it.
 */
import { DurableObject } from "cloudflare:workers";
import { kvTtlSeconds } from "../cache/freshness.ts";
import { MAX_PURGES, type Purge, type PurgeUpdates } from "../cache/purge/purge-list.ts";
import { isolateStateOf } from "../isolate-state.ts";
import type { KeyEvent } from "../keys/event-outbox.ts";
import type { KeyRecord } from "../keys/record.ts";

/** The place in a list after which a page begins: that of the last item of the page before. */
export interface Cursor {
  /** RFC 3339. */
  readonly at: string;
  readonly id: string;
}

export interface Page<T> {
  readonly items: T[];
  readonly next: Cursor | null;
}

/**
 * A purge that somebody made: an operator, or a webhook. Purges that the cache itself lists, when an answer of Stytch
 * ends an entry, are not in the audit log.
 */
export interface PurgeEvent {
  readonly at: string;
  readonly action: "cache.purged";
  readonly key_id: null;
  /** The Stytch project of the deployment. An event of an early version has none. The admin API does not show it. */
  readonly project_id?: string;
  readonly detail: Readonly<Record<string, string>>;
}

/** Who made a purge, and in which Stytch project. */
export type PurgeOrigin = Required<Pick<PurgeEvent, "project_id" | "detail">>;

export type AuditEvent = KeyEvent | PurgeEvent;

const LATEST_PURGE_KEY = "latest-purge";
const PURGED_BEFORE_KEY = "purge-floor";

/** Counting the purges reads all their rows, so it is done once in this many purges. */
const PURGES_BETWEEN_COUNTS = 100;

/** How long a purge is kept beyond the TTL of an entry: an upstream request of 30 s, and clocks that differ by a minute. */
const PURGE_MARGIN_MS = 120_000;

/** The audit log keeps purges, which webhooks cause by the thousand, for 30 days, and the events of keys for ever. */
const PURGE_EVENT_RETENTION_MS = 30 * 86_400_000;

/** Sorts like the sequence numbers. It cannot be taken for the ID of a key's event, which begins with the key's ID. */
const purgeEventId = (sequence: number) => `purge.${String(sequence).padStart(16, "0")}`;

export class Directory extends DurableObject<Env> {
  /** Names purged since the purges were last counted. After a start it is unknown, so they are counted at once. */
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

  /** Takes in a key's record and its events. Reports may arrive late, twice and out of order; an older one changes nothing. */
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
   * Lists a purge of these identifiers and returns its sequence number. The purge is in force everywhere
   * `LEASE_SECONDS` after the answer. `event`: who made it, for the audit log; null if the cache itself did.
   */
  purge(names: readonly string[], event: PurgeOrigin | null): number {
    const { sql, kv } = this.ctx.storage;
    const now = Date.now();
    // Close to the time, so that the sequence goes on growing if a Directory ever had to start from nothing.
    const sequence = Math.max(now, (kv.get<number>(LATEST_PURGE_KEY) ?? 0) + 1);
    kv.put(LATEST_PURGE_KEY, sequence);
    for (const name of names) {
      sql.exec(
        "INSERT INTO purges (name, number) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET number = excluded.number",
        name,
        sequence,
      );
    }
    this.#purgesSinceCount += names.length;
    this.#deleteOldPurges(now);
    if (event !== null) {
      const at = new Date(now).toISOString();
      this.#addEvent(purgeEventId(sequence), { at, action: "cache.purged", key_id: null, ...event });
      const [first, end] = [purgeEventId(0), purgeEventId(Math.max(0, now - PURGE_EVENT_RETENTION_MS))];
      sql.exec("DELETE FROM events WHERE id >= ? AND id < ?", first, end);
    }
    return sequence;
  }

  /** The purges after the one with this sequence number. */
  purgesSince(sequence: number): PurgeUpdates {
    const { sql, kv } = this.ctx.storage;
    const purges = sql
      .exec<{ name: string; number: number }>(
        "SELECT name, number FROM purges WHERE number > ? ORDER BY number",
        sequence,
      )
      .toArray();
    const updates: readonly Purge[] = purges.map((purge) => ({ name: purge.name, sequence: purge.number }));
    return {
      purges: updates,
      purgedBefore: kv.get<number>(PURGED_BEFORE_KEY) ?? 0,
      latest: kv.get<number>(LATEST_PURGE_KEY) ?? 0,
    };
  }

  /** Up to `limit` records of this Stytch project, newest first, from after the cursor. See `isOfProject`. */
  listKeys(limit: number, after: Cursor | null, projectId: string): Page<KeyRecord> {
    return this.#page("keys", limit, after, "AND coalesce(json_extract(item, '$.project_id'), ?) = ?", [
      projectId,
      projectId,
    ]);
  }

  /** Up to `limit` events of this Stytch project, newest first, from after the cursor. A key's project is in its record. */
  listEvents(limit: number, after: Cursor | null, projectId: string): Page<AuditEvent> {
    const ofKey = `SELECT json_extract(keys.item, '$.project_id') FROM keys
      WHERE keys.id = json_extract(events.item, '$.key_id')`;
    return this.#page(
      "events",
      limit,
      after,
      `AND coalesce(json_extract(item, '$.project_id'), (${ofKey}), ?) = ?`,
      [projectId, projectId],
    );
  }

  #addEvent(id: string, event: AuditEvent): void {
    this.ctx.storage.sql.exec(
      "INSERT INTO events (id, at, item) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
      id,
      event.at,
      JSON.stringify(event),
    );
  }

  /**
   * Deletes purges that are older than any entry can be. If there are still too many, the oldest go as well, and
   * everything from before them counts as purged.
   */
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

  /** Reads one row more than it returns, to tell whether there is a next page. */
  #page<T>(
    table: "keys" | "events",
    limit: number,
    after: Cursor | null,
    condition: string,
    values: readonly string[],
  ): Page<T> {
    const rows = this.ctx.storage.sql
      .exec<{ id: string; at: string; item: string }>(
        `SELECT id, at, item FROM ${table} WHERE (at, id) < (?, ?) ${condition} ORDER BY at DESC, id DESC LIMIT ?`,
        after?.at ?? "\u{10FFFF}",
        after?.id ?? "",
        ...values,
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
