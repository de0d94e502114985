/**
 * What an Organization object knows about its identifier from Stytch: an entry, a 404 (negative cache), or nothing.
 * Answers may arrive in any order: an older request never replaces a newer one, and nothing from before a purge
 * survives it.
 *
 *   event                       nothing known   entry held              negative held   method
 *   200, requested later        held            replaced                held            applyEntry
 *   200, requested earlier,     ignored         ignored                 ignored         applyEntry
 *     or before a purge
 *   404                         negative (1)    negative; purge listed  renewed         applyNotFound
 *   400 about the identifier    nothing         nothing; purge listed   nothing         applyBadRequest
 *   5xx, 429, timeout,          back-off        back-off; served stale  back-off        applyTransientFailure
 *     bad body, refusal (2)
 *   handed over (3)             nothing         nothing; purge listed   nothing         applyHandOver
 *   purge (4)                   nothing         nothing                 nothing         applyPurge
 *   alias moved                 nothing         nothing; purge listed   nothing         reset
 *
 * (1) for `CACHE_NEGATIVE_SECONDS`. (2) Stytch refused Postern itself: 401, 403, another 4xx, a redirect, or a 400 or
 * 404 that is not about the organization. (3) A 200 with an organization that has another ID. (4) The request in flight
 * is repeated.
 *
 * "Purge listed": isolates and KV may hold the entry, so the object has the Directory list a purge of its name, or of the
 * organization that had it as an alias (`alias-state.ts`). No I/O; times are in ms since the epoch.
 */

import type { Config } from "../../config.ts";
import { type Entry, hasIdentifier } from "../entry.ts";
import { freshnessOf } from "../freshness.ts";
import type { ReadFailure, ReadKind, ReadRequest, ReadResult } from "../object-messages.ts";
import type { CachePurge } from "../purge/purge-list.ts";
import { type BackOff, isBackingOff, NO_FAILURES, recordFailure } from "./back-off.ts";

/** A 404 of Stytch. */
interface NegativeEntry {
  /** When it expires. */
  readonly until: number;
  /** The latest purge that was known when its request began: a later purge ends it. */
  readonly purgeEpoch: number;
}

/** An answer that ends an entry. */
interface EntryEnd {
  /** When the request began. */
  readonly requestedAt: number;
  /** True if an isolate or KV may hold an entry under this name. */
  readonly mayBeCached: boolean;
}

/** What an answer that ends an entry did. */
export type EndResult =
  /** Nothing: a later request is known already. */
  | "ignored"
  /** The entry is gone; nobody else need know. */
  | "ended"
  /** The entry is gone, and the Directory must list a purge of the name. */
  | "purge_due";

export class EntryState {
  #entry: Entry | undefined;
  #negative: NegativeEntry | undefined;
  /** When the request began that this state comes from. */
  #requestedAt: number;
  /** When the latest request began whose answer ended the entry. */
  #endedAt = Number.NEGATIVE_INFINITY;
  /** The latest purge of this identifier, and the latest of any that was heard of. Both only grow. */
  #latestPurge = 0;
  #latestSeen = 0;
  #backOff: BackOff<ReadFailure> = NO_FAILURES;

  /** `requestedAt` is that of the entry which the object held before it was evicted. */
  constructor(requestedAt: number = Number.NEGATIVE_INFINITY) {
    this.#requestedAt = requestedAt;
  }

  get requestedAt(): number {
    return this.#requestedAt;
  }

  /** The latest purge of this identifier. */
  get latestPurge(): number {
    return this.#latestPurge;
  }

  /** The latest purge of any identifier that was heard of. */
  get latestSeen(): number {
    return this.#latestSeen;
  }

  /** The organization whose entry is held. */
  get organizationId(): string | undefined {
    return this.#entry?.organizationId;
  }

  /** The entry that is held, if it is newer than this one or this moment. */
  newerThan({ requestedAt }: Pick<Entry, "requestedAt">): Entry | null {
    return this.#entry !== undefined && this.#entry.requestedAt > requestedAt ? this.#entry : null;
  }

  get hasEntry(): boolean {
    return this.#entry !== undefined;
  }

  /** A time for a request that begins now: later than all that is known, even within one millisecond. */
  nextRequestTime(now: number): number {
    return Math.max(now, this.#requestedAt + 1);
  }

  /** Takes in an entry. Returns false if it is older than what is known, or than a purge. */
  applyEntry(entry: Entry): boolean {
    this.observeSequence(entry.purgeEpoch);
    const isPurged = entry.purgeEpoch < this.#latestPurge;
    const isOlder = entry.requestedAt < this.#requestedAt || entry.requestedAt <= this.#endedAt;
    if (isPurged || isOlder) return false;
    this.#entry = entry;
    this.#negative = undefined;
    this.#requestedAt = entry.requestedAt;
    return true;
  }

  applyNotFound(end: EntryEnd, negative: NegativeEntry): EndResult {
    const result = this.applyBadRequest(end);
    if (result !== "ignored") this.#negative = negative;
    return result;
  }

  applyBadRequest({ requestedAt, mayBeCached }: EntryEnd): EndResult {
    if (requestedAt < this.#requestedAt) return "ignored";
    const isPurgeDue = this.hasEntry || mayBeCached;
    this.reset();
    this.#requestedAt = requestedAt;
    this.#endedAt = requestedAt;
    return isPurgeDue ? "purge_due" : "ended";
  }

  applyTransientFailure(failure: ReadFailure, now: number): void {
    this.#backOff = recordFailure(this.#backOff, failure, now);
  }

  /** Stytch has answered, whatever it said. */
  endBackOff(): void {
    this.#backOff = NO_FAILURES;
  }

  applyPurge(sequence: number): void {
    this.observePurge(sequence);
    this.reset();
  }

  /** Forgets everything but the purges and the back-off. */
  reset(): void {
    this.#entry = undefined;
    this.#negative = undefined;
    this.#requestedAt = Number.NEGATIVE_INFINITY;
    this.#endedAt = Number.NEGATIVE_INFINITY;
  }

  /** A purge of any identifier was heard of. */
  observeSequence(sequence: number): void {
    this.#latestSeen = Math.max(this.#latestSeen, sequence);
  }

  /** A purge of this identifier was heard of. */
  observePurge(sequence: number): void {
    this.observeSequence(sequence);
    this.#latestPurge = Math.max(this.#latestPurge, sequence);
  }

  /**
   * The object has listed a purge itself. The 404 that caused it stays valid, unless somebody else's purge came between
   * the request for that and this purge.
   */
  observeOwnPurge({ sequence, previous }: CachePurge): void {
    this.observePurge(sequence);
    const negative = this.#negative;
    if (negative !== undefined && negative.purgeEpoch >= previous)
      this.#negative = { ...negative, purgeEpoch: sequence };
  }

  /**
   * An answer to the object's name went to the canonical object of another organization. It orders later answers, and it
   * ends what was known here: a 404, or an organization that had the name as its ID.
   */
  applyHandOver(requestedAt: number): void {
    this.#negative = undefined;
    if (this.#entry !== undefined && this.#entry.requestedAt < requestedAt) this.#entry = undefined;
    this.#requestedAt = requestedAt;
  }

  /** An organization was seen to have the object's alias, in an answer to a request that began then. */
  noteAliasSeen(requestedAt: number): void {
    if (this.#requestedAt <= requestedAt) this.#negative = undefined;
  }

  /** The entry, if it has this name, was not purged and is not expired. */
  servableEntry(name: string, now: number, cache: Config["cache"]): Entry | null {
    const entry = this.#entry;
    if (entry === undefined || entry.purgeEpoch < this.#latestPurge || !hasIdentifier(entry, name))
      return null;
    return freshnessOf(entry.receivedAt, now, cache) === "expired" ? null : entry;
  }

  /** True while a 404 is remembered that no purge has ended. */
  isKnownMissing(now: number): boolean {
    const negative = this.#negative;
    return negative !== undefined && now < negative.until && negative.purgeEpoch >= this.#latestPurge;
  }

  /** The answer to a read without asking Stytch; null if Stytch has to be asked. */
  answer(name: string, request: ReadRequest, now: number, cache: Config["cache"]): ReadResult | null {
    const entry = this.servableEntry(name, now, cache);
    if (entry !== null && isFreshEnough(entry, request.kind, now, cache)) {
      return { entry, origin: "held", call: null };
    }
    if (this.isKnownMissing(now)) return { failure: "not_found", call: null };
    const { last } = this.#backOff;
    if (last === null || !isBackingOff(this.#backOff, now)) return null;
    if (entry !== null) return { ...last, cached: entry, call: null };
    // A caller with an entry of its own can hide the failure; one without is worth an attempt.
    return request.newestRequestedAt === null ? null : { ...last, call: null };
  }
}

/** True if an entry answers this kind of read without Stytch being asked first. */
export function isFreshEnough(entry: Entry, kind: ReadKind, now: number, cache: Config["cache"]): boolean {
  const freshness = freshnessOf(entry.receivedAt, now, cache);
  return freshness === "fresh" || (freshness === "stale" && kind === "answer");
}
