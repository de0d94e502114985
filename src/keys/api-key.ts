/**
 * The object of one key, and the only authority on it. Everything it answers is read from its own storage in one turn, so
 * calls see each other's effects in the order in which they were answered.
 *
 * What the Directory lists is a copy: a change is written together with the event that tells of it, reported at once, and by alarm
 * where that failed.
 */

import { DurableObject } from "cloudflare:workers";
import type * as z from "zod";
import { getDirectory } from "../directory/directory-client.ts";
import { fullBucket, type Limit } from "../limits/bucket.ts";
import { allocate, changeLedgerLimit, createLedger, type Ledger } from "../limits/bucket-ledger.ts";
import { holdMs } from "../limits/grant-policy.ts";
import type { TokenRequest, TokenResponse } from "../limits/messages.ts";
import { describeError, log } from "../log.ts";
import { withTimeout } from "../platform/timeout.ts";
import { checkKey } from "./authorize.ts";
import { createRecord, editRecord, revokeRecord, rotateRecord } from "./mutations.ts";
import type { KeyCreation, KeyEdit, KeyRecord } from "./record.ts";
import { type HourCount, hourOf, sumCounts, USAGE_RETENTION_HOURS, type UsageReport } from "./usage.ts";

const RECORD_KEY = "record";
const PENDING_EVENTS_KEY = "unreported";
const USAGE_PREFIX = "usage:";
const BUCKET_KEY = "bucket";
/** How many reports are told apart from their repetitions: those of as many isolates at once. */
const MAX_REPORT_IDS = 200;
const REPORT_RETRY_MS = 10_000;
/** The longest that a change waits for the Directory, in ms. */
const REPORT_TIMEOUT_MS = 2_000;

/** What happened to a key, for the audit. Holds no key. */
export interface KeyEvent {
  /** So that a report that is repeated is taken in once. */
  readonly id: string;
  readonly at: string;
  readonly action: "key.created" | "key.updated" | "key.rotated" | "key.revoked";
  readonly key_id: string;
  readonly detail: Readonly<Record<string, string | number | readonly string[]>>;
}

export type MutationResult =
  | { readonly record: KeyRecord; readonly refusal: null }
  /** Never issued; at its end, which is final; or with too many generations that still work. */
  | { readonly record: null; readonly refusal: "unknown" | "revoked" | "overlapping" };

/** As it is stored: with the reports that were taken in last, unless it is from before these stood there. */
interface HourRow extends HourCount {
  readonly reports?: readonly string[];
}

interface LeaseResponse {
  readonly record: KeyRecord | null;
  /** Null where the key has no limit. */
  readonly tokens: TokenResponse | null;
}

export class ApiKey extends DurableObject<Env> {
  /** Whether a call is held until its token has come. */
  #isHolding = false;

  /** Issues the key. Returns when it is in force, and in the list if the Directory can be reached. */
  async create(keyId: string, body: z.output<typeof KeyCreation>): Promise<KeyRecord> {
    if (this.record() !== null) throw new Error("a key is issued once");
    const record = createRecord(keyId, body, Date.now());
    const { name, scopes } = record;
    return await this.#save(record, "key.created", { name, scopes });
  }

  /** Null where the key was never issued. */
  record(): KeyRecord | null {
    return this.ctx.storage.kv.get<KeyRecord>(RECORD_KEY) ?? null;
  }

  /**
   * The one hot call: the record, on which a Worker may act for the time of a lease, and tokens if the key has a limit.
   * Takes in the usage that the Worker counted. `unchecked` is the generation of the presented key if the Worker has not
   * checked yet whether the call may take a token, else null. Responds at once, except to a call that is a little early
   * for its token: one such call at a time is held until the token has come.
   */
  async lease(
    report: UsageReport | null,
    request: TokenRequest,
    unchecked: number | null,
  ): Promise<LeaseResponse> {
    const response = this.#lease(report, request, unchecked);
    const ms = response.tokens === null || this.#isHolding ? null : holdMs(response.tokens);
    if (ms === null) return response;
    this.#isHolding = true;
    try {
      await scheduler.wait(ms);
    } finally {
      this.#isHolding = false;
    }
    return this.#lease(null, request, unchecked);
  }

  #lease(report: UsageReport | null, request: TokenRequest, unchecked: number | null): LeaseResponse {
    const record = this.record();
    if (record === null) return { record, tokens: null };
    if (report !== null) this.#applyReport(report);
    if (record.rate_limit === null) return { record, tokens: null };
    const now = Date.now();
    // The object does not know the caller's address; the Worker checks it.
    const mayTake = unchecked === null || (record.allowed_ips === null && !checkKey(record, unchecked, now));
    const needsToken = request.needsToken && mayTake;
    return { record, tokens: this.#allocateTokens(record.rate_limit, { ...request, needsToken }, now) };
  }

  /** Changes what the operator decides about the key. What is left of its limit stays, as far as a new one holds it. */
  async edit(edit: KeyEdit): Promise<MutationResult> {
    if (edit.rate_limit !== undefined) this.#changeLimit(edit.rate_limit);
    return await this.#saveIfActive("key.updated", { fields: Object.keys(edit) }, (record) =>
      editRecord(record, edit, Date.now()),
    );
  }

  /** Makes the next generation; its key is made by who asked for it. */
  async rotate(overlapSeconds: number): Promise<MutationResult> {
    return await this.#saveIfActive("key.rotated", { overlap_seconds: overlapSeconds }, (record) =>
      rotateRecord(record, overlapSeconds, Date.now()),
    );
  }

  /** Ends the key for good; null where it was never issued. A second revocation changes nothing. */
  async revoke(): Promise<KeyRecord | null> {
    const record = this.record();
    if (record === null || record.revoked_at !== null) return record;
    return await this.#save(revokeRecord(record, Date.now()), "key.revoked", {});
  }

  /** Of the last `hours` hours, the one under way included; hours with traffic only, the oldest first. Null where the key was never issued. */
  usage(hours: number): HourCount[] | null {
    if (this.record() === null) return null;
    const since = hourOf(Date.now()) - hours + 1;
    return [...this.ctx.storage.kv.list<HourRow>({ prefix: USAGE_PREFIX, start: usageKey(since) })].map(
      ([, { hour, requests, rate_limited }]) => ({ hour, requests, rate_limited }),
    );
  }

  override async alarm(): Promise<void> {
    try {
      await withTimeout(REPORT_TIMEOUT_MS, this.#report());
    } catch {
      // The platform gives up after some tries of its own; a report is owed until it is made.
      await this.ctx.storage.setAlarm(Date.now() + REPORT_RETRY_MS);
    }
  }

  async #saveIfActive(
    action: KeyEvent["action"],
    detail: KeyEvent["detail"],
    change: (record: KeyRecord) => KeyRecord | null,
  ): Promise<MutationResult> {
    const record = this.record();
    if (record === null) return { record: null, refusal: "unknown" };
    if (record.revoked_at !== null) return { record: null, refusal: "revoked" };
    const changed = change(record);
    if (changed === null) return { record: null, refusal: "overlapping" };
    return { record: await this.#save(changed, action, detail), refusal: null };
  }

  async #save(record: KeyRecord, action: KeyEvent["action"], detail: KeyEvent["detail"]): Promise<KeyRecord> {
    const { key_id, version, updated_at: at } = record;
    const event: KeyEvent = {
      id: `${key_id}.${String(version).padStart(9, "0")}`,
      at,
      action,
      key_id,
      detail,
    };
    this.ctx.storage.kv.put(RECORD_KEY, record);
    this.ctx.storage.kv.put(PENDING_EVENTS_KEY, [...this.#pendingEvents(), event]);
    await this.ctx.storage.setAlarm(Date.now() + REPORT_RETRY_MS);
    // Where it fails, the alarm reports.
    await withTimeout(REPORT_TIMEOUT_MS, this.#report()).catch((error: unknown) =>
      log({ degraded: ["directory"], defect: describeError(error) }),
    );
    return record;
  }

  async #report(): Promise<void> {
    const record = this.record();
    const events = this.#pendingEvents();
    if (record === null || events.length === 0) return;
    await getDirectory(this.env).report(record, events);
    const reported = new Set(events.map(({ id }) => id));
    const left = this.#pendingEvents().filter(({ id }) => !reported.has(id));
    this.ctx.storage.kv.put(PENDING_EVENTS_KEY, left);
    if (left.length === 0) await this.ctx.storage.deleteAlarm();
  }

  #pendingEvents(): KeyEvent[] {
    return this.ctx.storage.kv.get<KeyEvent[]>(PENDING_EVENTS_KEY) ?? [];
  }

  #allocateTokens(limit: Limit, request: TokenRequest, now: number): TokenResponse {
    const { ledger, response, changed } = allocate(this.#ledger(limit, now), limit, request, now);
    // A refusal writes nothing: what has refilled since is computed anew.
    if (changed) this.ctx.storage.kv.put(BUCKET_KEY, ledger);
    return response;
  }

  #ledger(limit: Limit, now: number): Ledger {
    const stored = this.ctx.storage.kv.get<Ledger>(BUCKET_KEY);
    // An early version stored a bucket without grants.
    return stored === undefined
      ? createLedger(fullBucket(limit, now))
      : { ...createLedger(stored), ...stored };
  }

  /** The ledger outlives its limit, so that no grant can be taken for one of the next limit. */
  #changeLimit(to: Limit | null): void {
    const record = this.record();
    if (record === null || record.revoked_at !== null || to === null) return;
    const now = Date.now();
    const ledger = this.#ledger(record.rate_limit ?? to, now);
    this.ctx.storage.kv.put(BUCKET_KEY, changeLedgerLimit(ledger, record.rate_limit, to, now));
  }

  /** A report that was sent again, since its answer did not arrive in time, is counted once. One row of storage is written for it, of an hour. */
  #applyReport({ id, counts }: UsageReport): void {
    for (const count of counts) this.#addUsage(id, count);
  }

  #addUsage(reportId: string, count: HourCount): void {
    const key = usageKey(count.hour);
    const before = this.ctx.storage.kv.get<HourRow>(key);
    if (before?.reports?.includes(reportId)) return;
    const row: HourRow = {
      ...sumCounts(count.hour, before === undefined ? [count] : [before, count]),
      reports: [...(before?.reports ?? []), reportId].slice(-MAX_REPORT_IDS),
    };
    this.ctx.storage.kv.put(key, row);
    if (before !== undefined) return;
    // A new hour. No report of the one before the last comes again: what tells them apart goes.
    const [settled] = this.ctx.storage.kv.list<HourRow>({
      prefix: USAGE_PREFIX,
      end: usageKey(count.hour - 1),
      reverse: true,
      limit: 1,
    });
    if (settled !== undefined) {
      const [settledKey, row] = settled;
      this.ctx.storage.kv.put(settledKey, sumCounts(row.hour, [row]));
    }
    // The ones that are over the time go.
    const end = usageKey(count.hour - USAGE_RETENTION_HOURS + 1);
    for (const [old] of [...this.ctx.storage.kv.list({ prefix: USAGE_PREFIX, end })])
      this.ctx.storage.kv.delete(old);
  }
}

/** Ordered as the hours are. */
const usageKey = (hour: number) => USAGE_PREFIX + String(hour).padStart(8, "0");
