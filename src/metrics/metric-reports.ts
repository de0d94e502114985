/**
 * How the counts of an isolate reach the sum in the Directory, exactly once, although calls may be lost, repeated or
 * overtaken, and although the Directory may restart and forget what it has not stored:
 *
 *   a report is                          then
 *   sent, and not known to be taken in   it is sent again with the next call; meanwhile no new report is made
 *   taken in by the Directory            it is kept, and sent again if the Directory has restarted since
 *   stored                               it is dropped
 *
 * Reports are numbered, and the Directory takes each number once and in order. Plain data, no I/O.
 */
import type { Counters, Counts } from "./counters.ts";

export interface CountReport {
  /** Numbers the reports of an isolate from 1. */
  readonly sequence: number;
  readonly counts: Counts;
}

/** What an isolate sends. Without reports, it only asks whether the earlier ones are stored. */
export interface ReportMessage {
  readonly isolateId: string;
  readonly reports: readonly CountReport[];
}

/** What the Directory says of an isolate's reports. */
export interface ReportReceipt {
  /** Names the Directory's memory: another one knows only what is stored. */
  readonly incarnation: string;
  /** The last report that was taken in; 0 if there was none. */
  readonly taken: number;
  /** The last report that is stored. */
  readonly stored: number;
}

/** A message, and what was known when it was sent. */
export interface SentMessage extends ReportMessage {
  readonly storedBefore: number;
  readonly sentAt: number;
}

interface PendingReport extends CountReport {
  readonly firstSentAt: number;
  /** The incarnation that has taken it in; null if none is known to have. */
  takenBy: string | null;
}

/** So many reports may wait to be stored. Counts that come meanwhile wait for the next one. */
const MAX_PENDING_REPORTS = 300;

/**
 * The Directory remembers isolates for longer than this. A report that nobody confirmed for so long may be one that it
 * has counted and forgotten, so it is given up.
 */
export const MAX_REPORT_AGE_MS = 30 * 60_000;

export class MetricReports {
  readonly #counters: Counters;
  #isolateId: string | undefined;
  #lastSequence = 0;
  #stored = 0;
  #incarnation: string | null = null;
  #pending: PendingReport[] = [];
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** When the last message was made, ms since the epoch. */
  get sentAt(): number {
    return this.#sentAt;
  }

  /** What to send along with a call of the Directory; null if there is nothing to report and nothing to ask. */
  next(now: number): SentMessage | null {
    const oldest = this.#pending[0];
    if (oldest !== undefined && now - oldest.firstSentAt >= MAX_REPORT_AGE_MS) this.#startOver([]);
    this.#sentAt = now;
    if (this.#unsettled().length === 0 && this.#pending.length < MAX_PENDING_REPORTS) this.#makeReport(now);
    if (this.#pending.length === 0) return null;
    // On Workers there is no randomness before the first request.
    this.#isolateId ??= crypto.randomUUID();
    const reports = this.#unsettled().map(({ sequence, counts }) => ({ sequence, counts }));
    return { isolateId: this.#isolateId, reports, storedBefore: this.#stored, sentAt: now };
  }

  /** Takes in the answer to a message. Answers may arrive in any order. */
  acknowledge({ isolateId, storedBefore, sentAt }: SentMessage, receipt: ReportReceipt | null): void {
    if (receipt === null || isolateId !== this.#isolateId) return;
    // The Directory has forgotten this isolate: it can no longer tell which reports it has counted. It has not counted
    // those that it saw for the first time, since their numbers are not the next ones to it.
    if (receipt.stored < storedBefore) {
      this.#startOver(this.#pending.filter(({ firstSentAt }) => firstSentAt >= sentAt));
      return;
    }
    this.#stored = Math.max(this.#stored, receipt.stored);
    this.#incarnation = receipt.incarnation;
    this.#pending = this.#pending.filter(({ sequence }) => sequence > this.#stored);
    for (const report of this.#pending) {
      if (report.sequence <= receipt.taken) report.takenBy = receipt.incarnation;
    }
  }

  /** The reports that the latest incarnation of the Directory is not known to have taken in. */
  #unsettled(): PendingReport[] {
    return this.#pending.filter(({ takenBy }) => takenBy === null || takenBy !== this.#incarnation);
  }

  #makeReport(now: number): void {
    const counts = this.#counters.take();
    if (counts === null) return;
    this.#lastSequence += 1;
    this.#pending.push({ sequence: this.#lastSequence, counts, firstSentAt: now, takenBy: null });
  }

  /** Goes on under another ID, with these reports. The others are given up: they must not be counted twice. */
  #startOver(uncounted: readonly PendingReport[]): void {
    this.#isolateId = undefined;
    this.#stored = 0;
    this.#pending = uncounted.map((report, index) => ({ ...report, sequence: index + 1, takenBy: null }));
    this.#lastSequence = this.#pending.length;
  }
}
