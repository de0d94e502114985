/**
 * The object of one key, and the only authority on it. Everything it answers is read from its own storage in one turn, so
 * calls see each other's effects in the order in which they came.
 *
 * What the Directory lists is a copy: a change is written together with the event that tells of it, reported at once, and by alarm
 * where that failed.
 */
import { DurableObject } from "cloudflare:workers";
import type * as z from "zod";
import { within } from "../bounds.ts";
import { describe, log } from "../log.ts";
import { directoryOf } from "../object-call.ts";
import { type Bucket, full, type Limit, refilled, take, underLimit } from "./bucket.ts";
import { created, edited, revoked, rotated } from "./change.ts";
import type { KeyCreation, KeyEdit, KeyRecord } from "./record.ts";
import type { Taken } from "./token.ts";
import { type HourCount, hourOf, KEPT_HOURS, sum, type UsageReport } from "./usage.ts";

const RECORD = "record";
const UNREPORTED = "unreported";
const USAGE = "usage:";
const BUCKET = "bucket";
const REPORTS = "reports";
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

export class ApiKey extends DurableObject<Env> {
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

  /** What a Worker may act on for the time of a lease. Takes in what it counted since the last. The one hot call. */
  lease(report: UsageReport | null): { readonly record: KeyRecord | null } {
    const record = this.record();
    if (record !== null && report !== null) this.#takeIn(report);
    return { record };
  }

  /** Takes a token of the key's rate limit, if there is one; null where the key has no limit. */
  take(): Taken {
    const now = Date.now();
    const limit = this.record()?.rate_limit ?? null;
    if (limit === null) return null;
    const taken = take(this.#bucket(limit, now), limit, now);
    // A refusal changes nothing: what has come in since is computed anew.
    if (taken.granted) this.ctx.storage.kv.put(BUCKET, taken.bucket);
    return { ...taken, limit };
  }

  /** The bucket as it is, without taking from it. */
  look(): { readonly bucket: Bucket; readonly limit: Limit } | null {
    const limit = this.record()?.rate_limit ?? null;
    return limit === null ? null : { bucket: this.#bucket(limit, Date.now()), limit };
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
    return [...this.ctx.storage.kv.list<HourCount>({ prefix: USAGE, start: usageKey(since) })].map(
      ([, count]) => count,
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

  #bucket(limit: Limit, now: number): Bucket {
    const kept = this.ctx.storage.kv.get<Bucket>(BUCKET);
    return kept === undefined ? full(limit, now) : refilled(kept, limit, now);
  }

  #moveBucket(to: Limit | null): void {
    const record = this.record();
    const from = record?.rate_limit ?? null;
    if (record === null || record.revoked_at !== null) return;
    const now = Date.now();
    if (from === null || to === null) this.ctx.storage.kv.delete(BUCKET);
    else this.ctx.storage.kv.put(BUCKET, underLimit(this.#bucket(from, now), from, to, now));
  }

  /** A report that was sent again, since its answer did not arrive in time, is counted once. */
  #takeIn({ id, counts }: UsageReport): void {
    const taken = this.ctx.storage.kv.get<string[]>(REPORTS) ?? [];
    if (taken.includes(id)) return;
    this.ctx.storage.kv.put(REPORTS, [...taken, id].slice(-MOST_REPORTS));
    for (const count of counts) this.#addUsage(count);
  }

  #addUsage(count: HourCount): void {
    const key = usageKey(count.hour);
    const before = this.ctx.storage.kv.get<HourCount>(key);
    this.ctx.storage.kv.put(key, before === undefined ? count : sum(count.hour, [before, count]));
    if (before !== undefined) return;
    // A new hour: the ones that are over the time go.
    const end = usageKey(count.hour - KEPT_HOURS + 1);
    for (const [old] of [...this.ctx.storage.kv.list({ prefix: USAGE, end })])
      this.ctx.storage.kv.delete(old);
  }
}

/** Ordered as the hours are. */
const usageKey = (hour: number) => USAGE + String(hour).padStart(8, "0");
