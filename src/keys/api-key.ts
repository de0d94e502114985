/**
 * The Durable Object of one key, and the only authority on it. It reads every answer from its own storage in one turn,
 * so calls see each other's effects in the order in which they were answered. The Directory's list of keys is a copy,
 * which the outbox keeps up to date.
 */

import { DurableObject } from "cloudflare:workers";
import type * as z from "zod";
import { HANDOVER_ACTOR } from "../directory/audit-event.ts";
import { callDelayMs } from "../limits/grant-policy.ts";
import type { TokenRequest, TokenResponse } from "../limits/messages.ts";
import { countingLogDegraded } from "../metrics/count-degraded.ts";
import { checkKey } from "./authorize.ts";
import { createEvent, EventOutbox, type KeyEvent } from "./event-outbox.ts";
import { type HandoverOrder, HandoverStore } from "./handover-store.ts";
import { LedgerStore } from "./ledger-store.ts";
import {
  changesOf,
  createRecord,
  editRecord,
  policyDetailOf,
  revokeRecord,
  rotateRecord,
} from "./mutations.ts";
import type { KeyCreation, KeyEdit } from "./policy.ts";
import { isOfProject, type KeyRecord, statusOf } from "./record.ts";
import type { HourCount, UsageReport } from "./usage.ts";
import { UsageStore } from "./usage-store.ts";
import { type ImportOutcome, importOutcome, type WholeRecord } from "./whole-record.ts";

const RECORD_KEY = "record";

export type MutationResult =
  | { readonly record: KeyRecord; readonly refusal: null }
  /** `unknown`: never issued, or of another project. `overlapping`: too many earlier generations still work for another rotation. */
  | { readonly record: null; readonly refusal: "unknown" | "revoked" | "overlapping" };

interface TakenIn {
  readonly outcome: ImportOutcome;
  readonly record: KeyRecord;
}

interface LeaseResponse {
  /** Null if the key was never issued. */
  readonly record: KeyRecord | null;
  /** Null if the key has no rate limit. */
  readonly tokens: TokenResponse | null;
  /** False if the usage report is only in memory: the isolate is to keep it. */
  readonly isUsageStored?: boolean;
}

export class ApiKey extends DurableObject<Env> {
  readonly #outbox = new EventOutbox(this.ctx.storage, this.env);
  readonly #usage = new UsageStore(this.ctx.storage.kv);
  readonly #handover = new HandoverStore(this.ctx.storage.kv);
  readonly #ledger = new LedgerStore(this.ctx.storage.kv);
  /** Whether a call is held until its token has come. */
  #isHolding = false;

  /**
   * Issues the key. On return it is in force; the Directory lists it by then, unless it cannot be reached. `actor`, here
   * and below: who makes the change, for the audit log. `handover`: the link that hands the key over; null for none.
   */
  async create(
    projectId: string,
    keyId: string,
    body: z.output<typeof KeyCreation>,
    actor?: string,
    handover: HandoverOrder | null = null,
  ): Promise<KeyRecord> {
    if (this.#record() !== null) throw new Error("the key has already been issued");
    const now = Date.now();
    const record = createRecord(projectId, keyId, body, now);
    const detail = { ...policyDetailOf(record), ...this.#handover.add(handover, record, now) };
    return await this.#save(record, actor, "key.created", detail);
  }

  /** Returns null if the key was never issued, or is of another Stytch project. The same holds for every call below. */
  record(projectId: string): KeyRecord | null {
    const record = this.#record();
    return record === null || !isOfProject(record, projectId) ? null : record;
  }

  /**
   * The only call on the path of requests. Returns the record, which the isolate may use for the duration of a lease,
   * and tokens if the key has a rate limit. Adds the usage `report` of the isolate. `uncheckedGeneration`: the presented
   * generation, if nobody has checked yet whether the call that needs a token may be admitted, else null.
   *
   * Answers at once, with one exception: a call that is slightly too early for a token is held until there is one. Only
   * one call is held at a time.
   */
  async lease(
    report: UsageReport | null,
    request: TokenRequest,
    uncheckedGeneration: number | null,
  ): Promise<LeaseResponse> {
    const response = this.#lease(report, request, uncheckedGeneration);
    const ms = response.tokens === null || this.#isHolding ? null : callDelayMs(response.tokens);
    if (ms === null) return response;
    this.#isHolding = true;
    try {
      await scheduler.wait(ms);
    } finally {
      this.#isHolding = false;
    }
    return { ...response, ...this.#lease(null, request, uncheckedGeneration) };
  }

  #lease(
    report: UsageReport | null,
    request: TokenRequest,
    uncheckedGeneration: number | null,
  ): LeaseResponse {
    const record = this.#record();
    if (record === null) return { record, tokens: null };
    const now = Date.now();
    const usage = report === null ? {} : { isUsageStored: this.#usage.take(report, now) };
    if (record.rate_limit === null) return { record, tokens: null, ...usage };
    // Only the Worker knows the caller's address, so a key with `allowed_ips` gets no token before it has checked.
    const mayTake =
      uncheckedGeneration === null ||
      (record.allowed_ips === null && !checkKey(record, uncheckedGeneration, now));
    const needsToken = request.needsToken && mayTake;
    const tokens = this.#ledger.allocateTokens(record.rate_limit, { ...request, needsToken }, now);
    return { record, tokens, ...usage };
  }

  /**
   * Edits the fields that an operator sets. If the rate limit changes, the remaining tokens stay, up to the new limit.
   * An edit that changes nothing is not saved, and leaves no event.
   */
  async edit(projectId: string, edit: KeyEdit, actor?: string): Promise<MutationResult> {
    return await this.#change(projectId, async (record) => {
      const changes = changesOf(record, edit);
      if (changes === null) return record;
      this.#ledger.changeLimit(record.rate_limit, edit.rate_limit ?? null);
      const edited = editRecord(record, edit, Date.now());
      const detail = { fields: Object.keys(changes.after), ...changes };
      return await this.#save(edited, actor, "key.updated", detail);
    });
  }

  /** Starts the next generation. The caller makes its key. A link that hands over the last one ends. */
  async rotate(
    projectId: string,
    overlapSeconds: number,
    actor?: string,
    handover: HandoverOrder | null = null,
  ): Promise<MutationResult> {
    return await this.#change(projectId, async (record) => {
      const now = Date.now();
      const rotated = rotateRecord(record, overlapSeconds, now);
      if (rotated === null) return null;
      const detail = { overlap_seconds: overlapSeconds, ...this.#handover.add(handover, rotated, now) };
      return await this.#save(rotated, actor, "key.rotated", detail);
    });
  }

  /** Ends the key for good. Idempotent. */
  async revoke(projectId: string, actor?: string): Promise<KeyRecord | null> {
    const record = this.record(projectId);
    if (record === null || record.revoked_at !== null) return record;
    return await this.#save(revokeRecord(record, Date.now()), actor, "key.revoked", {});
  }

  /**
   * Returns the record whose key is handed over, once: to the first who presents the token with this hash. Null for
   * everybody else, which writes nothing.
   */
  async takeHandover(projectId: string, hash: string): Promise<KeyRecord | null> {
    const record = this.record(projectId);
    const now = Date.now();
    // Nothing is awaited before the record is saved, so no other call can have seen the link.
    if (record === null || !this.#handover.take(record, hash, now)) return null;
    const at = new Date(now).toISOString();
    // The caller makes the key only now, whatever `KEY_SECRET` was when the link was made.
    const taken = { ...record, issued_at: at, version: record.version + 1 };
    return await this.#save(taken, HANDOVER_ACTOR, "key.handed_over", {}, at);
  }

  /**
   * Takes in the record of this key from another deployment, unless that would undo what was done here. Null if the
   * object has a record of another Stytch project. Idempotent.
   */
  async takeIn(projectId: string, given: WholeRecord, actor?: string): Promise<TakenIn | null> {
    const stored = this.#record();
    if (stored !== null && !isOfProject(stored, projectId)) return null;
    const outcome = importOutcome(stored, given, projectId);
    if (stored !== null && outcome !== "updated") return { outcome, record: stored };
    if (stored !== null) this.#ledger.changeLimit(stored.rate_limit, given.rate_limit);
    const record = { ...given, imported_version: given.version };
    const { generation } = record;
    const now = Date.now();
    const detail = { ...policyDetailOf(record), generation, status: statusOf(record, now) };
    await this.#save(record, actor, "key.imported", detail, new Date(now).toISOString());
    return { outcome, record };
  }

  /** As `UsageStore.list`. */
  usage(projectId: string, hours: number): HourCount[] | null {
    return this.record(projectId) === null ? null : this.#usage.list(hours, Date.now());
  }

  override async alarm(): Promise<void> {
    try {
      await this.#outbox.deliver(this.#record());
    } catch {
      await this.#outbox.retryLater();
    }
  }

  /** `change` returns null if too many earlier generations overlap. */
  async #change(
    projectId: string,
    change: (record: KeyRecord) => Promise<KeyRecord | null>,
  ): Promise<MutationResult> {
    const record = this.record(projectId);
    if (record === null) return { record, refusal: "unknown" };
    if (record.revoked_at !== null) return { record: null, refusal: "revoked" };
    const changed = await change(record);
    return changed === null ? { record: null, refusal: "overlapping" } : { record: changed, refusal: null };
  }

  #record(): KeyRecord | null {
    return this.ctx.storage.kv.get<KeyRecord>(RECORD_KEY) ?? null;
  }

  async #save(
    record: KeyRecord,
    actor: string | undefined,
    action: KeyEvent["action"],
    detail: KeyEvent["detail"],
    at = record.updated_at,
  ): Promise<KeyRecord> {
    this.ctx.storage.kv.put(RECORD_KEY, record);
    await this.#outbox.add(createEvent(record, actor, action, detail, at));
    try {
      await this.#outbox.deliver(this.#record());
    } catch (error) {
      // The alarm delivers it.
      countingLogDegraded(this.env)("directory", error);
    }
    return record;
  }
}
