/**
 * The one object that lists: the index of keys, the audit log, the recent purges, and for members' sessions the policy
 * and the recent revocations. The keys' own objects report to it and keep its index true. On the request path, only an
 * isolate whose purge list is older than a lease waits for it.
 */
import { DurableObject } from "cloudflare:workers";
import type { CachePurge, PurgeUpdates } from "../cache/purge/purge-list.ts";
import { PurgeStore } from "../cache/purge/purge-store.ts";
import type { KeyEvent } from "../keys/event-outbox.ts";
import type { KeyRecord } from "../keys/record.ts";
import type { HourCount, UsageReport } from "../keys/usage.ts";
import type { ReportMessage, ReportReceipt } from "../metrics/metric-reports.ts";
import { MetricStore } from "../metrics/metric-store.ts";
import type { MetricsSnapshot } from "../metrics/metrics-snapshot.ts";
import type { Overview } from "../metrics/overview-answer.ts";
import type { Revocation } from "../sessions/revocations.ts";
import type { SessionPolicy } from "../sessions/session-policy.ts";
import type { PolicyVersion, SessionUpdates } from "../sessions/session-state.ts";
import { SessionStore } from "../sessions/session-store.ts";
import { type AuditEvent, type EventOrigin, type NumberedEventKind, numberedEventId } from "./audit-event.ts";
import type { KeyFilter } from "./key-filter.ts";
import { KeyIndex } from "./key-index.ts";
import { type Cursor, type Page, readPage } from "./page.ts";
import { readOverview } from "./read-overview.ts";

/** Whose sessions to revoke; their tokens up to `revokedAt`, or up to now if it is null. */
export interface RevocationOrder extends Pick<Revocation, "kind" | "id"> {
  readonly revokedAt: number | null;
}

/** The session policy before a change and after it. */
export interface PolicyChange {
  readonly before: SessionPolicy | null;
  readonly version: PolicyVersion;
}

interface OverviewAnswer {
  readonly overview: Overview;
  /** What became of the reports that came with the question. */
  readonly receipt: ReportReceipt | null;
}

/** What an isolate does not know yet. */
interface DirectoryUpdates {
  readonly purges: PurgeUpdates;
  readonly sessions: SessionUpdates;
  /** What became of the isolate's reports; null if it sent none, absent in a release from before metrics. */
  readonly metrics?: ReportReceipt | null;
}

const LATEST_SEQUENCE_KEY = "latest-purge";
/**
 * The audit log keeps purges and revocations, which webhooks cause by the thousand, for 30 days, and the events of keys
 * and of the session policy for ever.
 */
const EVENT_RETENTION_MS = 30 * 86_400_000;

/** Taken once, so that whoever replaces the scheduler for a while cannot hold an object that waits for its next task. */
const wait = scheduler.wait.bind(scheduler);

export class Directory extends DurableObject<Env> {
  readonly #sessions = new SessionStore(this.ctx.storage);
  readonly #purges = new PurgeStore(this.ctx.storage, this.env);
  readonly #metrics = new MetricStore(this.ctx.storage);
  readonly #keys = new KeyIndex(this.ctx.storage.sql);

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, at TEXT NOT NULL, item TEXT NOT NULL) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS events_by_age ON events (at, id);`,
    );
  }

  /** Takes in a key's record and its events. Reports may arrive late, twice and out of order; an older one changes nothing. */
  report(record: KeyRecord, events: readonly KeyEvent[]): void {
    this.#keys.put(record);
    for (const event of events) this.#addEvent(event.id, event);
  }

  /**
   * Lists a purge of these identifiers and returns its sequence number. The purge is in force everywhere
   * `LEASE_SECONDS` after the answer. `event`: who made it, for the audit log; null if the cache itself did.
   */
  purge(names: readonly string[], event: EventOrigin | null): number {
    const now = Date.now();
    const sequence = this.#nextSequence(now);
    this.#purges.add(names, sequence, now);
    if (event !== null) {
      const at = new Date(now).toISOString();
      this.#addEvent(numberedEventId("purge", sequence), {
        at,
        action: "cache.purged",
        key_id: null,
        ...event,
      });
      this.#deleteOldEvents("purge", now);
    }
    return sequence;
  }

  /** Lists a purge that the cache asks for, of all spellings of one name. It is not in the audit log. */
  purgeByCache(spellings: readonly string[]): CachePurge {
    const previous = this.#purges.latestOf(spellings);
    return { sequence: this.purge(spellings, null), previous };
  }

  /**
   * What has changed since the change with this sequence number. Adds the usage `report` of the isolate, and takes in
   * what it has `counted`; both may be repeated.
   */
  updatesSince(
    sequence: number,
    projectId: string,
    report: UsageReport | null,
    counted: ReportMessage | null = null,
  ): DirectoryUpdates {
    if (report !== null) this.#sessions.usage(projectId)?.add(report);
    return {
      purges: { ...this.#purges.since(sequence), latest: this.#latestSequence() },
      sessions: this.#sessions.updatesSince(sequence, projectId),
      metrics: this.#metrics.takeInBackground(counted, (write) => this.ctx.waitUntil(wait(0).then(write))),
    };
  }

  /** What all isolates have counted, with what this one has `counted`. Whatever it returns is stored by then. */
  metrics(projectId: string, counted: ReportMessage | null): MetricsSnapshot {
    const now = Date.now();
    this.#metrics.take(counted, now);
    const sum = this.#metrics.readStored(now);
    const keyStatuses = this.#keys.statuses(projectId, now);
    // Again, without reports: only now are those of the message stored.
    const receipt = this.#metrics.take(counted && { ...counted, reports: [] }, now);
    return { ...sum, keyStatuses, receipt };
  }

  /**
   * What was counted in the last `hours` hours, the current one included, with what the asking isolate has `counted`.
   * Stores nothing of the current hour.
   */
  overview(projectId: string, hours: number, counted: ReportMessage | null): OverviewAnswer {
    const now = Date.now();
    const receipt = this.#metrics.take(counted, now);
    const overview = readOverview(this.#metrics, (keyId) => this.#keys.nameOf(keyId, projectId), hours, now);
    return { overview, receipt };
  }

  /** The session policy of this Stytch project; null if it has none. */
  sessionPolicy(projectId: string): SessionPolicy | null {
    return this.#sessions.policyVersion(projectId).policy;
  }

  /**
   * Sets the session policy, or removes it with null. The change is in force everywhere `LEASE_SECONDS` after the answer.
   * A change that changes nothing leaves no event.
   */
  setSessionPolicy(projectId: string, policy: SessionPolicy | null, actor?: string): PolicyChange {
    const version = this.#sessions.policyVersion(projectId);
    const before = version.policy;
    if (JSON.stringify(before) === JSON.stringify(policy)) return { before, version };
    const now = Date.now();
    const sequence = this.#nextSequence(now);
    this.#sessions.setPolicy(projectId, policy, sequence);
    this.#addEvent(numberedEventId("session_policy", sequence), {
      at: new Date(now).toISOString(),
      action: policy === null ? "session_policy.deleted" : "session_policy.updated",
      key_id: null,
      project_id: projectId,
      actor,
      detail: { ...(before && { before }), ...(policy && { after: policy }) },
    });
    return { before, version: { sequence, policy } };
  }

  /**
   * Revokes sessions, and returns what is listed of it. The revocation is in force everywhere `LEASE_SECONDS` after the
   * answer. It may be repeated: tokens up to the later moment are refused then. `origin`: who made it, for the audit log,
   * which does not list what webhooks revoke while no session is accepted anyway.
   */
  revokeSessions({ kind, id, revokedAt }: RevocationOrder, origin: EventOrigin): Revocation[] {
    const now = Date.now();
    const sequence = this.#nextSequence(now);
    // The digits of a UUID are case-insensitive (RFC 9562 §4); a token has them as Stytch writes them.
    const spellings = [...new Set([id, id.toLowerCase()])];
    const revocations = spellings.map((spelling) => ({ kind, id: spelling, revokedAt: revokedAt ?? now }));
    for (const revocation of revocations) this.#sessions.revoke(revocation, sequence, now);
    const { policy } = this.#sessions.policyVersion(origin.project_id);
    if (policy === null && origin.detail["by"] === "webhook") return revocations;
    const at = new Date(now).toISOString();
    const event = { at, action: "session.revoked", key_id: null, ...origin } as const;
    this.#addEvent(numberedEventId("revocation", sequence), event);
    this.#deleteOldEvents("revocation", now);
    return revocations;
  }

  /** As `UsageStore.list`, of all sessions' calls; null if there never was a session policy. */
  sessionUsage(projectId: string, hours: number): HourCount[] | null {
    return this.#sessions.usage(projectId)?.list(hours, Date.now()) ?? null;
  }

  /** The number of the next purge, revocation or change of the session policy: they are counted together. */
  #nextSequence(now: number): number {
    // Close to the time, so that the sequence goes on growing if a Directory ever had to start from nothing.
    const sequence = Math.max(now, this.#latestSequence() + 1);
    this.ctx.storage.kv.put(LATEST_SEQUENCE_KEY, sequence);
    return sequence;
  }

  #latestSequence(): number {
    return this.ctx.storage.kv.get<number>(LATEST_SEQUENCE_KEY) ?? 0;
  }

  /** As `KeyIndex.list`. */
  listKeys(limit: number, after: Cursor | null, projectId: string, filter?: KeyFilter): Page<KeyRecord> {
    return this.#keys.list(limit, after, projectId, filter);
  }

  /** Up to `limit` events of this Stytch project, newest first, from after the cursor. A key's project is in its record. */
  listEvents(limit: number, after: Cursor | null, projectId: string): Page<AuditEvent> {
    const ofKey = `SELECT json_extract(keys.item, '$.project_id') FROM keys
      WHERE keys.id = json_extract(events.item, '$.key_id')`;
    return readPage(
      this.ctx.storage.sql,
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

  #deleteOldEvents(kind: NumberedEventKind, now: number): void {
    const [first, end] = [
      numberedEventId(kind, 0),
      numberedEventId(kind, Math.max(0, now - EVENT_RETENTION_MS)),
    ];
    this.ctx.storage.sql.exec("DELETE FROM events WHERE id >= ? AND id < ?", first, end);
  }
}
