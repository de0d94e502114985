/**
 * The object of one key, and the only authority on it. Everything it answers is read from its own storage in one turn, so
 * calls see each other's effects in the order in which they were answered.
 *
 * What the Directory lists is a copy: a change is written together with the event that tells of it, reported at once, and by alarm
 * where that failed.
 */
import { DurableObject } from "cloudflare:workers";
import type * as z from "zod";
import { full, type Limit } from "../limits/bucket.ts";
import {
  type Account,
  accountOf,
  answer,
  keepMs,
  type TokenAnswer,
  type TokenAsk,
  underNewLimit,
} from "../limits/bucket-ledger.ts";
import { describe, log } from "../log.ts";
import { directoryOf } from "../platform/durable-object.ts";
import { within } from "../platform/timeout.ts";
import { refusalOfKey } from "./authorize.ts";
import { created, edited, revoked, rotated } from "./mutations.ts";
import type { KeyCreation, KeyEdit, KeyRecord } from "./record.ts";
import { type HourCount, hourOf, KEPT_HOURS, sum, type UsageReport } from "./usage.ts";

const RECORD = "record";
const UNREPORTED = "unreported";
const USAGE = "usage:";
const BUCKET = "bucket";
/** How many reports are told apart from their repetitions: those of as many isolates at once. */
const MOST_REPORTS = 200;
const REPORT_AGAIN_MS = 10_000;
/** The longest that a change waits for the Directory, in ms. */
const REPORT_WAIT_MS = 2_000;

/** What happened to a key, for the audit. Holds no key. */
export interface KeyEvent {
  /** So that a report that is repeated is taken in once. */
  readonly id: string;
  readonly at: string;
  readonly action: "key.created" | "key.updated" | "key.rotated" | "key.revoked";
  readonly key_id: string;
  readonly detail: Readonly<Record<string, string | number | readonly string[]>>;
}

export type Changed =
  | { readonly record: KeyRecord; readonly refusal: null }
  /** Never issued; at its end, which is final; or with too many generations that still work. */
  | { readonly record: null; readonly refusal: "unknown" | "revoked" | "overlapping" };

/** As it is stored: with the reports that were taken in last, unless it is from before these stood there. */
interface HourRow extends HourCount {
  readonly reports?: readonly string[];
}

interface LeaseAnswer {
  readonly record: KeyRecord | null;
  /** Null where the key has no limit. */
  readonly tokens: TokenAnswer | null;
}

export class ApiKey extends DurableObject<Env> {
  /** Whether a call is kept for a token that is about to come. */
  #keeps = false;

  /** Issues the key. Returns when it is in force, and in the list if the Directory can be reached. */
  async create(keyId: string, body: z.output<typeof KeyCreation>): Promise<KeyRecord> {
    if (this.record() !== null) throw new Error("a key is issued once");
    const record = created(keyId, body, Date.now());
    const { name, scopes } = record;
    return await this.#change(record, "key.created", { name, scopes });
  }

  /** Null where the key was never issued. */
  record(): KeyRecord | null {
    return this.ctx.storage.kv.get<KeyRecord>(RECORD) ?? null;
  }

  /**
   * The one hot call: the record, on which a Worker may act for the time of a lease, and tokens of the rate limit, if there is one. Takes in what the
   * Worker counted since the last. `unchecked`: the generation of the key for which a token is asked, where nobody has looked yet whether the call
   * may have one; null where that is not so. Answers at once, but to a call that is a little early for a token: one at a time is kept until then.
   */
  async lease(report: UsageReport | null, ask: TokenAsk, unchecked: number | null): Promise<LeaseAnswer> {
    const answered = this.#lease(report, ask, unchecked);
    const ms = answered.tokens === null || this.#keeps ? null : keepMs(answered.tokens);
    if (ms === null) return answered;
    this.#keeps = true;
    try {
      await scheduler.wait(ms);
    } finally {
      this.#keeps = false;
    }
    return this.#lease(null, ask, unchecked);
  }

  #lease(report: UsageReport | null, ask: TokenAsk, unchecked: number | null): LeaseAnswer {
    const record = this.record();
    if (record === null) return { record, tokens: null };
    if (report !== null) this.#takeIn(report);
    if (record.rate_limit === null) return { record, tokens: null };
    const now = Date.now();
    // From where the call comes is the Worker's to look at.
    const mayTake =
      unchecked === null || (record.allowed_ips === null && !refusalOfKey(record, unchecked, now));
    const own = ask.own && mayTake;
    return { record, tokens: this.#tokens(record.rate_limit, { ...ask, own }, now) };
  }

  /** Changes what the operator decides about the key. What is left of its limit stays, as far as a new one holds it. */
  async edit(edit: KeyEdit): Promise<Changed> {
    if (edit.rate_limit !== undefined) this.#moveBucket(edit.rate_limit);
    return await this.#changeActive("key.updated", { fields: Object.keys(edit) }, (record) =>
      edited(record, edit, Date.now()),
    );
  }

  /** Makes the next generation; its key is made by who asked for it. */
  async rotate(overlapSeconds: number): Promise<Changed> {
    return await this.#changeActive("key.rotated", { overlap_seconds: overlapSeconds }, (record) =>
      rotated(record, overlapSeconds, Date.now()),
    );
  }

  /** Ends the key for good; null where it was never issued. A second revocation changes nothing. */
  async revoke(): Promise<KeyRecord | null> {
    const record = this.record();
    if (record === null || record.revoked_at !== null) return record;
    return await this.#change(revoked(record, Date.now()), "key.revoked", {});
  }

  /** Of the last `hours` hours, the one under way included; hours with traffic only, the oldest first. Null where the key was never issued. */
  usage(hours: number): HourCount[] | null {
    if (this.record() === null) return null;
    const since = hourOf(Date.now()) - hours + 1;
    return [...this.ctx.storage.kv.list<HourRow>({ prefix: USAGE, start: usageKey(since) })].map(
      ([, { hour, requests, rate_limited }]) => ({ hour, requests, rate_limited }),
    );
  }

  override async alarm(): Promise<void> {
    try {
      await within(REPORT_WAIT_MS, this.#report());
    } catch {
      // The platform gives up after some tries of its own; a report is owed until it is made.
      await this.ctx.storage.setAlarm(Date.now() + REPORT_AGAIN_MS);
    }
  }

  async #changeActive(
    action: KeyEvent["action"],
    detail: KeyEvent["detail"],
    change: (record: KeyRecord) => KeyRecord | null,
  ): Promise<Changed> {
    const record = this.record();
    if (record === null) return { record: null, refusal: "unknown" };
    if (record.revoked_at !== null) return { record: null, refusal: "revoked" };
    const changed = change(record);
    if (changed === null) return { record: null, refusal: "overlapping" };
    return { record: await this.#change(changed, action, detail), refusal: null };
  }

  async #change(
    record: KeyRecord,
    action: KeyEvent["action"],
    detail: KeyEvent["detail"],
  ): Promise<KeyRecord> {
    const { key_id, version, updated_at: at } = record;
    const event: KeyEvent = {
      id: `${key_id}.${String(version).padStart(9, "0")}`,
      at,
      action,
      key_id,
      detail,
    };
    this.ctx.storage.kv.put(RECORD, record);
    this.ctx.storage.kv.put(UNREPORTED, [...this.#unreported(), event]);
    await this.ctx.storage.setAlarm(Date.now() + REPORT_AGAIN_MS);
    // Where it fails, the alarm reports.
    await within(REPORT_WAIT_MS, this.#report()).catch((error: unknown) =>
      log({ degraded: ["directory"], defect: describe(error) }),
    );
    return record;
  }

  async #report(): Promise<void> {
    const record = this.record();
    const events = this.#unreported();
    if (record === null || events.length === 0) return;
    await directoryOf(this.env).report(record, events);
    const reported = new Set(events.map(({ id }) => id));
    const left = this.#unreported().filter(({ id }) => !reported.has(id));
    this.ctx.storage.kv.put(UNREPORTED, left);
    if (left.length === 0) await this.ctx.storage.deleteAlarm();
  }

  #unreported(): KeyEvent[] {
    return this.ctx.storage.kv.get<KeyEvent[]>(UNREPORTED) ?? [];
  }

  #tokens(limit: Limit, ask: TokenAsk, now: number): TokenAnswer {
    const answered = answer(this.#account(limit, now), limit, ask, now);
    // A refusal changes nothing: what has come in since is computed anew.
    if (answered.changed) this.ctx.storage.kv.put(BUCKET, answered.account);
    return answered.answer;
  }

  #account(limit: Limit, now: number): Account {
    const kept = this.ctx.storage.kv.get<Account>(BUCKET);
    // One that was kept before there were grants is a bucket alone.
    return kept === undefined ? accountOf(full(limit, now)) : { ...accountOf(kept), ...kept };
  }

  /** The account outlives its limit: a grant must never be taken for one of the next. */
  #moveBucket(to: Limit | null): void {
    const record = this.record();
    if (record === null || record.revoked_at !== null || to === null) return;
    const now = Date.now();
    const account = this.#account(record.rate_limit ?? to, now);
    this.ctx.storage.kv.put(BUCKET, underNewLimit(account, record.rate_limit, to, now));
  }

  /** A report that was sent again, since its answer did not arrive in time, is counted once. One row of storage is written for it, of an hour. */
  #takeIn({ id, counts }: UsageReport): void {
    for (const count of counts) this.#addUsage(id, count);
  }

  #addUsage(reportId: string, count: HourCount): void {
    const key = usageKey(count.hour);
    const before = this.ctx.storage.kv.get<HourRow>(key);
    if (before?.reports?.includes(reportId)) return;
    const row: HourRow = {
      ...sum(count.hour, before === undefined ? [count] : [before, count]),
      reports: [...(before?.reports ?? []), reportId].slice(-MOST_REPORTS),
    };
    this.ctx.storage.kv.put(key, row);
    if (before !== undefined) return;
    // A new hour. No report of the one before the last comes again: what tells them apart goes.
    const [settled] = this.ctx.storage.kv.list<HourRow>({
      prefix: USAGE,
      end: usageKey(count.hour - 1),
      reverse: true,
      limit: 1,
    });
    if (settled !== undefined) {
      const [settledKey, row] = settled;
      this.ctx.storage.kv.put(settledKey, sum(row.hour, [row]));
    }
    // The ones that are over the time go.
    const end = usageKey(count.hour - KEPT_HOURS + 1);
    for (const [old] of [...this.ctx.storage.kv.list({ prefix: USAGE, end })])
      this.ctx.storage.kv.delete(old);
  }
}

/** Ordered as the hours are. */
const usageKey = (hour: number) => USAGE + String(hour).padStart(8, "0");
