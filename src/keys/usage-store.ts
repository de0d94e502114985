/** The usage of one key, or of all sessions, in an object's storage: a row for each hour with traffic, kept for 30 days. */
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
 * The number of report IDs that a row remembers, so that as many isolates can repeat their last report at the same
 * time.
 */
const MAX_REPORT_IDS = 200;

interface UsageRow extends KnownHourCount {
  /** The IDs of the reports that were added last. Absent once no report of this hour can be repeated. */
  readonly reports?: readonly string[];
}

export class UsageStore {
  readonly #kv: SyncKvStorage;
  readonly #prefix: string;

  /** `prefix`: of the names of its rows, for an object that stores other things beside. */
  constructor(kv: SyncKvStorage, prefix = DEFAULT_PREFIX) {
    this.#kv = kv;
    this.#prefix = prefix;
  }

  /**
   * Adds a report. A report that is repeated, because its acknowledgement came too late, is counted once. Writes one
   * row for each hour in the report.
   */
  add({ id, counts }: UsageReport): void {
    for (const count of counts) this.#addHour(id, count);
  }

  /**
   * Returns the counts of the last `hours` hours, including the current one. Only hours with traffic, the oldest first.
   */
  list(hours: number, now: number): HourCount[] {
    const start = this.#rowKey(hourOf(now) - hours + 1);
    return [...this.#kv.list<UsageRow>({ prefix: this.#prefix, start })].map(([, row]) =>
      sumCounts(row.hour, [row]),
    );
  }

  #addHour(reportId: string, count: KnownHourCount): void {
    const key = this.#rowKey(count.hour);
    const row = this.#kv.get<UsageRow>(key);
    if (row?.reports?.includes(reportId)) return;
    this.#kv.put<UsageRow>(key, {
      ...sumCounts(count.hour, row === undefined ? [count] : [row, count]),
      reports: [...(row?.reports ?? []), reportId].slice(-MAX_REPORT_IDS),
    });
    if (row !== undefined) return;
    this.#dropReportIds(count.hour - 1);
    this.#deleteRows(count.hour - USAGE_RETENTION_HOURS + 1);
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
