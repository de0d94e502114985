/**
 * Counts of a key's calls by the hour. An isolate counts in memory, and reports to the key's object together with its
 * question for a lease, so that no call costs a write.
 */
import type { Outcome } from "../metrics/outcome.ts";
import { BoundedMap } from "../platform/bounded-map.ts";
import type { UsageHour } from "./key-answers.ts";

export const HOUR_MS = 3_600_000;
/** How long counts are kept: 30 days. */
export const USAGE_RETENTION_HOURS = 720;
/** The same as the number of leases that an isolate holds. Beyond it, the oldest counts are lost. */
const MAX_PENDING_KEYS = 5_000;
/** A report costs a write, so not every question for a lease carries one; it is due after this share of a lease. */
const REPORT_AGE_LEASES = 0.75;
/**
 * After this many leases, a key that is still in use has usually sent its report. Another key's request has until two
 * leases to send it.
 */
const STALE_USAGE_LEASES = 1.6;
/** An isolate keeps so many reports of a key that its object holds; then it has them stored. */
const MAX_HELD_REPORTS = 10;

/** What is counted of a key, as the API names it. */
const USAGE_COUNTS = [
  /** Admitted by the rate limit, whatever came of them. */
  "requests",
  /** Refused by the rate limit. */
  "rate_limited",
  "hits",
  "stale",
  "misses",
  /** 401 and 403. Those whose key or address was refused are not among `requests`. */
  "denied",
  "not_found",
  /** 5xx. */
  "errors",
] as const;

type UsageCount = (typeof USAGE_COUNTS)[number];

export interface HourCount extends Readonly<Record<UsageCount, number>> {
  /** Hours since the epoch. */
  readonly hour: number;
}

/** As an isolate or a row of an earlier version may have it: a count that is missing is zero. */
export type KnownHourCount = Pick<HourCount, "hour"> & Partial<HourCount>;

/** Sent unchanged until it is acknowledged. The key's object counts it once, by its ID. */
export interface UsageReport {
  readonly id: string;
  readonly counts: readonly KnownHourCount[];
  /** Earlier ones that may not be stored yet: an object that has restarted since has forgotten them. */
  readonly earlier?: readonly UsageReport[];
  /** True if the object is to store them at once, since no call of the key may come again. */
  readonly mustStore?: boolean;
}

export const hourOf = (ms: number) => Math.floor(ms / HOUR_MS);

/** The start of an hour, such as `2026-11-21T20:00:00Z`. */
export const hourText = (hour: number) => new Date(hour * HOUR_MS).toISOString().replace(".000Z", "Z");

/** Hours as the API shows them. */
export const toPublicHours = (counts: readonly HourCount[]): UsageHour[] =>
  counts.map(({ hour, ...rest }) => ({ hour: hourText(hour), ...rest }));

type MutableCount = { -readonly [Name in keyof HourCount]: HourCount[Name] };

export function sumCounts(hour: number, counts: readonly KnownHourCount[]): HourCount {
  const sum = noCounts(hour);
  for (const count of counts) {
    for (const name of USAGE_COUNTS) sum[name] += count[name] ?? 0;
  }
  return sum;
}

const noCounts = (hour: number): MutableCount => ({
  hour,
  requests: 0,
  rate_limited: 0,
  hits: 0,
  stale: 0,
  misses: 0,
  denied: 0,
  not_found: 0,
  errors: 0,
});

/** Null: the outcome shows in no count of its own. Refusals by the limit are counted when they are made. */
const COUNT_OF: Readonly<Record<Outcome, UsageCount | null>> = {
  hit: "hits",
  stale: "stale",
  miss: "misses",
  denied: "denied",
  not_found: "not_found",
  error: "errors",
  rate_limited: null,
  invalid: null,
  other: null,
};

interface PendingCounts {
  /** When the oldest call was counted that is in no report, ms since the epoch. */
  readonly countedSince: number;
  /** When a report was last sent, or `stalestKey` last returned the key, ms since the epoch; 0 if neither happened. */
  attemptedAt: number;
  /** By hour. Counted up in place until they are in a report. */
  counts: Map<number, MutableCount>;
  /** The report that was sent and is not acknowledged. */
  report: UsageReport | null;
  /** Reports that the object has, and may not have stored. */
  readonly held: readonly UsageReport[];
  /** Whether the object is to store what it has. */
  isStale: boolean;
}

/**
 * The counts of an isolate that no key's object has acknowledged, by key ID. The keys are ordered by their last
 * attempt.
 */
export class PendingUsage {
  readonly #leaseMs: number;
  readonly #pending = new BoundedMap<string, PendingCounts>(MAX_PENDING_KEYS);
  /** At `#checkedAt`, no key was stale, and none will be before `#noneStaleBefore`. Both are ms since the epoch. */
  #checkedAt = Number.POSITIVE_INFINITY;
  #noneStaleBefore = Number.NEGATIVE_INFINITY;

  /** `leaseSeconds`: how often a key in use asks for a lease, and so can report. */
  constructor({ leaseSeconds }: { readonly leaseSeconds: number }) {
    this.#leaseMs = leaseSeconds * 1_000;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Counts one call of a key: admitted, or refused by the key's rate limit. */
  count(keyId: string, now: number, admitted: boolean): void {
    this.#add(keyId, now, admitted ? "requests" : "rate_limited");
  }

  /** Counts what a call has come to. On the path of every hit: it allocates only for the first of a report. */
  countOutcome(keyId: string, now: number, outcome: Outcome): void {
    const name = COUNT_OF[outcome];
    if (name !== null) this.#add(keyId, now, name);
  }

  #add(keyId: string, now: number, name: UsageCount): void {
    let pending = this.#pending.get(keyId);
    if (pending === undefined) {
      pending = emptyCounts(now);
      this.#pending.set(keyId, pending);
    }
    const hour = hourOf(now);
    let counted = pending.counts.get(hour);
    if (counted === undefined) {
      counted = noCounts(hour);
      pending.counts.set(hour, counted);
    }
    counted[name] += 1;
  }

  /** Returns the report that is not acknowledged yet, or else a new one if it is due, or else null. */
  nextReport(keyId: string, now: number): UsageReport | null {
    const pending = this.#pending.get(keyId);
    if (pending === undefined) return null;
    if (pending.report === null) {
      const isDue = pending.isStale || now - pending.countedSince >= this.#leaseMs * REPORT_AGE_LEASES;
      if (!isDue) return null;
      pending.report = { id: crypto.randomUUID(), counts: [...pending.counts.values()] };
      pending.counts = new Map();
    }
    pending.attemptedAt = now;
    this.#pending.set(keyId, pending);
    const { report, held, isStale } = pending;
    const mustStore = isStale || held.length >= MAX_HELD_REPORTS;
    return held.length === 0 && !mustStore ? report : { ...report, earlier: held, mustStore };
  }

  /**
   * Removes a report that the key's object has counted, and those that were sent along. If they are not stored, the
   * object may yet forget them, and they are sent along with the next one. What was counted meanwhile stays for that.
   */
  acknowledge(keyId: string, report: UsageReport, now: number, isStored = true): void {
    const pending = this.#pending.get(keyId);
    if (pending?.report?.id !== report.id) return;
    this.#pending.delete(keyId);
    const { counts } = pending;
    const held = isStored ? [] : [...pending.held, { id: report.id, counts: report.counts }];
    if (counts.size > 0 || held.length > 0) this.#pending.set(keyId, { ...emptyCounts(now), counts, held });
  }

  /**
   * Returns a key whose counts should have been reported by now, or null: its traffic has moved to other isolates, so
   * another key's request has to send the report. Returns each key once in that time.
   *
   * On the path of every hit, so it looks for the first key only when one may be stale: V8 passes over what was deleted
   * before it, which with thousands of keys takes microseconds.
   */
  stalestKey(now: number): string | null {
    if (now >= this.#checkedAt && now < this.#noneStaleBefore) return null;
    const staleMs = this.#leaseMs * STALE_USAGE_LEASES;
    const [first] = this.#pending;
    const attemptedAt = first === undefined ? now : Math.max(first[1].countedSince, first[1].attemptedAt);
    // All other keys were attempted later, and so will be those that come.
    if (first === undefined || now - attemptedAt < staleMs) {
      this.#checkedAt = now;
      this.#noneStaleBefore = attemptedAt + staleMs;
      return null;
    }
    const [keyId, pending] = first;
    pending.attemptedAt = now;
    pending.isStale = true;
    this.#pending.set(keyId, pending);
    return keyId;
  }
}

const emptyCounts = (now: number): PendingCounts => ({
  countedSince: now,
  attemptedAt: 0,
  counts: new Map(),
  report: null,
  held: [],
  isStale: false,
});
