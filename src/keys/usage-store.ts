/**
 * The usage of one key, or of all sessions, in an object's storage: a row for each hour with traffic, kept for 30 days.
 *
 * A row costs six times as much as the call that brings it. So while reports follow each other closely, they are summed up
 * in memory and stored together. Isolates keep a report until it is stored, and send it again with the next one: an object
 * that has restarted hears of it again.
 */
import {
  type HourCount,
  hourOf,
  type KnownHourCount,
  sumCounts,
  USAGE_RETENTION_HOURS,
  type UsageReport,
} from "./usage.ts";

const DEFAULT_PREFIX = "usage:";
/**
 * The number of report IDs that a row remembers: an isolate can repeat its last one, and a few that it has not heard to be
 * stored.
 */
const MAX_REPORT_IDS = 1_000;
/** A report is held in memory only if another one came less than so long ago, in ms: then the next one is near. */
const MAX_REPORT_GAP_MS = 5_000;
/** How long reports are held before they are stored, in ms. */
const MAX_HELD_MS = 20_000;

interface UsageRow extends KnownHourCount {
  /** The IDs of the reports that were added last. Absent once no report of this hour can be repeated. */
  readonly reports?: readonly string[];
}

export class UsageStore {
  readonly #kv: SyncKvStorage;
  readonly #prefix: string;
  /** What was taken in and is not stored, by the ID of the report. */
  readonly #held = new Map<string, readonly KnownHourCount[]>();
  #takenAt = Number.NEGATIVE_INFINITY;
  #storedAt = Number.NEGATIVE_INFINITY;

  /** `prefix`: of the names of its rows, for an object that stores other things beside. */
  constructor(kv: SyncKvStorage, prefix = DEFAULT_PREFIX) {
    this.#kv = kv;
    this.#prefix = prefix;
  }

  /**
   * Adds a report. A report that is repeated, because its acknowledgement came too late, is counted once. Writes one
   * row for each hour in the report.
   */
  add(report: UsageReport): void {
    this.#hold(report);
    this.#store();
  }

  /**
   * Adds a report, and those that came along with it. Returns whether they are stored: if not, the sender is to send them
   * again with the next one. Writes one row for each hour, or none.
   */
  take(report: UsageReport, now: number): boolean {
    for (const earlier of report.earlier ?? []) this.#hold(earlier);
    this.#hold(report);
    const isNear = now >= this.#takenAt && now - this.#takenAt < MAX_REPORT_GAP_MS;
    const isYoung = now >= this.#storedAt && now - this.#storedAt < MAX_HELD_MS;
    this.#takenAt = now;
    if (report.mustStore !== true && isNear && isYoung) return false;
    this.#store();
    this.#storedAt = now;
    return true;
  }

  /**
   * Returns the counts of the last `hours` hours, including the current one. Only hours with traffic, the oldest first.
   * Stores what is held: what a caller has seen must not be forgotten.
   */
  list(hours: number, now: number): HourCount[] {
    this.#store();
    const start = this.#rowKey(hourOf(now) - hours + 1);
    return [...this.#kv.list<UsageRow>({ prefix: this.#prefix, start })].map(([, row]) =>
      sumCounts(row.hour, [row]),
    );
  }

  #hold({ id, counts }: UsageReport): void {
    this.#held.set(id, counts);
  }

  #store(): void {
    const hours = new Set<number>();
    for (const counts of this.#held.values()) for (const { hour } of counts) hours.add(hour);
    for (const hour of [...hours].sort((a, b) => a - b)) this.#storeHour(hour);
    this.#held.clear();
  }

  #storeHour(hour: number): void {
    const key = this.#rowKey(hour);
    const row = this.#kv.get<UsageRow>(key);
    const known = new Set(row?.reports);
    const added = [...this.#held].flatMap(([id, counts]) => {
      const count = counts.find((one) => one.hour === hour);
      return count === undefined || known.has(id) ? [] : [{ id, count }];
    });
    if (added.length === 0) return;
    this.#kv.put<UsageRow>(key, {
      ...sumCounts(hour, [...(row === undefined ? [] : [row]), ...added.map(({ count }) => count)]),
      reports: [...known, ...added.map(({ id }) => id)].slice(-MAX_REPORT_IDS),
    });
    if (row !== undefined) return;
    this.#dropReportIds(hour - 1);
    this.#deleteRows(hour - USAGE_RETENTION_HOURS + 1);
  }

  /**
   * Drops the report IDs of the latest row before `hour`: when a new hour begins, no report of that row is repeated.
   */
  #dropReportIds(hour: number): void {
    const [latest] = this.#kv.list<UsageRow>({
      prefix: this.#prefix,
      end: this.#rowKey(hour),
      reverse: true,
      limit: 1,
    });
    if (latest === undefined) return;
    const [key, row] = latest;
    this.#kv.put<UsageRow>(key, sumCounts(row.hour, [row]));
  }

  /** Deletes the rows of all hours before `hour`. */
  #deleteRows(hour: number): void {
    for (const [key] of [...this.#kv.list({ prefix: this.#prefix, end: this.#rowKey(hour) })])
      this.#kv.delete(key);
  }

  /** Padded, so that the keys sort like the hours. */
  #rowKey(hour: number): string {
    return this.#prefix + String(hour).padStart(8, "0");
  }
}
