/**
 * The sum of what all isolates have reported, as the Directory holds it in memory. It takes each report once: their
 * numbers are remembered for every isolate, together with the sum. Plain data, no I/O.
 */
import { BoundedMap } from "../platform/bounded-map.ts";
import type { Counts, KeyOutcomes, SeriesCounts } from "./counters.ts";
import { MAX_REPORT_AGE_MS, type ReportMessage, type ReportReceipt } from "./metric-reports.ts";
import type { Outcome } from "./outcome.ts";

export interface KeySum {
  readonly keyId: string;
  /** When a request of it was last reported, ms since the epoch. */
  readonly lastUsedAt: number;
  readonly outcomes: KeyOutcomes;
}

interface StoredIsolate {
  readonly id: string;
  /** Its last report that was counted. */
  readonly stored: number;
  /** When it last sent a message, ms since the epoch. */
  readonly at: number;
}

/** What is stored of the sum. All counts are from the beginning of counting. */
export interface StoredSum {
  /** When counting began, ms since the epoch. */
  readonly createdAt: number;
  readonly series: Readonly<SeriesCounts>;
  /** The one used last is the last. */
  readonly keys: readonly KeySum[];
  readonly isolates: readonly StoredIsolate[];
}

interface KnownIsolate {
  readonly taken: number;
  stored: number;
  readonly at: number;
}

/** The keys that were used last. The counts of others are dropped, and begin again from zero. */
const MAX_KEYS = 5_000;
/** There are a few hundred. It bounds what a row may take if a defect made more. */
const MAX_SERIES = 5_000;
/** In the time that the Directory remembers an isolate. With all of them, a row is within the 2 MB that it may have. */
const MAX_ISOLATES = 10_000;

/** Longer than an isolate repeats a report. */
const ISOLATE_RETENTION_MS = 2 * MAX_REPORT_AGE_MS;

export class MetricSum {
  readonly #incarnation: string;
  readonly #createdAt: number;
  readonly #series: Map<string, number>;
  readonly #keys = new BoundedMap<string, KeySum>(MAX_KEYS);
  /** Ordered by their last message. */
  readonly #isolates = new BoundedMap<string, KnownIsolate>(MAX_ISOLATES);
  #isStored = true;

  /** `stored`: what an earlier incarnation has stored; null if none has. */
  constructor(stored: StoredSum | null, incarnation: string, now: number) {
    this.#incarnation = incarnation;
    this.#createdAt = stored?.createdAt ?? now;
    this.#series = new Map(Object.entries(stored?.series ?? {}));
    for (const key of stored?.keys ?? []) this.#keys.set(key.keyId, key);
    for (const { id, stored: sequence, at } of stored?.isolates ?? [])
      this.#isolates.set(id, { taken: sequence, stored: sequence, at });
  }

  get createdAt(): number {
    return this.#createdAt;
  }

  /** False if a report was taken in since the sum was stored. */
  get isStored(): boolean {
    return this.#isStored;
  }

  get series(): SeriesCounts {
    return Object.fromEntries(this.#series);
  }

  get keys(): KeySum[] {
    return [...this.#keys].map(([, key]) => key);
  }

  /** Takes in the reports that are next in the isolate's order; earlier ones have been counted. */
  take({ isolateId, reports }: ReportMessage, now: number): ReportReceipt {
    const known = this.#isolates.get(isolateId);
    let taken = known?.taken ?? 0;
    const stored = known?.stored ?? 0;
    for (const { sequence, counts } of reports) {
      // After a gap, this incarnation lacks a report: the isolate sends it again when it learns that.
      if (sequence !== taken + 1) continue;
      this.#count(counts, now);
      taken = sequence;
    }
    if (known !== undefined || taken > 0) this.#isolates.set(isolateId, { taken, stored, at: now });
    return { incarnation: this.#incarnation, taken, stored };
  }

  /** All that a later incarnation needs. `markStored` has to follow when it is stored. */
  toStored(now: number): StoredSum {
    for (const [id, { at }] of this.#isolates) {
      if (now - at < ISOLATE_RETENTION_MS) break;
      this.#isolates.delete(id);
    }
    return {
      createdAt: this.#createdAt,
      series: this.series,
      keys: this.keys,
      isolates: [...this.#isolates].map(([id, { taken, at }]) => ({ id, stored: taken, at })),
    };
  }

  /** What was taken in before is stored now. */
  markStored(): void {
    this.#isStored = true;
    for (const [, isolate] of this.#isolates) isolate.stored = isolate.taken;
  }

  #count({ series, keys }: Counts, now: number): void {
    this.#isStored = false;
    for (const [id, count] of Object.entries(series)) {
      const sum = this.#series.get(id);
      if (sum !== undefined || this.#series.size < MAX_SERIES) this.#series.set(id, (sum ?? 0) + count);
    }
    for (const [keyId, outcomes] of Object.entries(keys)) {
      const sum = { ...this.#keys.get(keyId)?.outcomes };
      for (const [outcome, count] of Object.entries(outcomes) as [Outcome, number][])
        sum[outcome] = (sum[outcome] ?? 0) + count;
      this.#keys.set(keyId, { keyId, lastUsedAt: now, outcomes: sum });
    }
  }
}
