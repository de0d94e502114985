/**
 * The sum in the Directory's storage: one row for each hour in which something was counted, for 30 days, and one from
 * before these. A row holds the sum as it was when the row was last written, so the counts of an hour are the difference
 * to the row before. What was taken in is stored in the row of the hour in which it came, also if that hour is over. The
 * latest row is all that a restarted Directory needs. A write replaces one row, whatever was counted; the first of an
 * hour may write another.
 */

import { hourOf } from "../keys/usage.ts";
import { logDegraded } from "../log.ts";
import type { SeriesCounts } from "./counters.ts";
import type { ReportMessage, ReportReceipt } from "./metric-reports.ts";
import { type KeySum, MetricSum, type StoredSum } from "./metric-sum.ts";

/** One more than 30 days have, since the oldest hour needs the row before it. Each row takes the place of an old one. */
const ROWS = 721;
/** The slot of the last row that had to make room for an hour: the sum from which a longer pause is counted on. */
const BASE_SLOT = -1;
/** Finds the row of an hour by its key, and not that of another hour in the same slot. */
const OF_HOUR = "slot = ? AND hour = ?";

/** Reports cause one write in this time at most. */
export const WRITE_INTERVAL_MS = 60_000;

/** The sum at the end of an hour, or now. */
export interface MetricHour {
  /** Hours since the epoch. */
  readonly hour: number;
  readonly series: Readonly<SeriesCounts>;
}

/** A stretch of hours that ends now. */
interface MetricPeriod {
  /** The last sum from before the first hour; empty if nothing was counted by then. */
  readonly before: Pick<StoredSum, "series" | "keys">;
  /** Those of the hours with traffic and of the current one, the oldest first. */
  readonly sums: readonly MetricHour[];
}

interface Row extends Record<string, SqlStorageValue> {
  hour: number;
  written_at: number;
  created_at: number;
  series: string;
  keys: string;
  isolates: string;
}

export class MetricStore {
  readonly #sql: SqlStorage;
  #loaded: MetricSum | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;
  /** The hour of the latest row: it must not get older if the clock is set back. */
  #hour = 0;
  /** The hour in which a message was last taken in. Until a report has come, there is nothing to store. */
  #takenHour = 0;

  constructor({ sql }: Pick<DurableObjectStorage, "sql">) {
    this.#sql = sql;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS metrics (
        slot INTEGER PRIMARY KEY, hour INTEGER NOT NULL, written_at INTEGER NOT NULL, created_at INTEGER NOT NULL,
        series TEXT NOT NULL, keys TEXT NOT NULL, isolates TEXT NOT NULL
      );`,
    );
  }

  /**
   * Takes in an isolate's reports, in memory. Null if there is no message. The first message of an hour stores what is
   * left of the one before: otherwise the calls of a job that takes half a minute each night would count for the morning.
   */
  take(message: ReportMessage | null, now: number): ReportReceipt | null {
    if (message === null) return null;
    this.#storeEarlierHour(now);
    this.#takenHour = hourOf(now);
    return this.#sum(now).take(message, now);
  }

  /** Never throws, since answers wait for this: if the write fails, the counts are stored with those of the next hour. */
  #storeEarlierHour(now: number): void {
    if (this.#takenHour >= hourOf(now)) return;
    try {
      this.write(now);
    } catch (error) {
      logDegraded("directory", error);
    }
  }

  /** As `take`. An answer may wait for this call, so what is due is stored by `runLater`, when the answer is on its way. */
  takeInBackground(
    message: ReportMessage | null,
    runLater: (write: () => void) => void,
  ): ReportReceipt | null {
    const receipt = this.take(message, Date.now());
    if (this.isWriteDue(Date.now())) runLater(() => this.#writeIfDue());
    return receipt;
  }

  /** Another call may have written meanwhile. */
  #writeIfDue(): void {
    if (this.isWriteDue(Date.now())) this.write(Date.now());
  }

  /** True if something is not stored, and the last write was a minute ago. */
  isWriteDue(now: number): boolean {
    const sum = this.#loaded;
    if (sum === undefined || sum.isStored) return false;
    return now < this.#writtenAt || now - this.#writtenAt >= WRITE_INTERVAL_MS;
  }

  /** Stores the sum: one row, or none if all is stored. */
  write(now: number): void {
    const sum = this.#sum(now);
    if (sum.isStored) return;
    if (this.#takenHour > this.#hour) this.#makeRoom(this.#takenHour);
    this.#hour = Math.max(this.#hour, this.#takenHour);
    const { createdAt, series, keys, isolates } = sum.toStored(now);
    this.#sql.exec(
      `INSERT OR REPLACE INTO metrics (slot, hour, written_at, created_at, series, keys, isolates)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      this.#hour % ROWS,
      this.#hour,
      now,
      createdAt,
      JSON.stringify(series),
      JSON.stringify(keys),
      JSON.stringify(isolates),
    );
    this.#writtenAt = now;
    sum.markStored();
  }

  /** Keeps the row that an hour replaces, if it is later than the one that is kept: it may be the last before a pause. */
  #makeRoom(hour: number): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO metrics (slot, hour, written_at, created_at, series, keys, isolates)
       SELECT ${BASE_SLOT}, hour, written_at, created_at, series, keys, isolates FROM metrics
       WHERE slot = ? AND hour > COALESCE((SELECT hour FROM metrics WHERE slot = ${BASE_SLOT}), -1)`,
      hour % ROWS,
    );
  }

  /**
   * The sum, after it was stored: whoever has seen it must not see less after a restart.
   */
  readStored(now: number): Omit<StoredSum, "isolates"> {
    this.write(now);
    return this.read(now);
  }

  /** The sum as it is in memory. */
  read(now: number): Omit<StoredSum, "isolates"> {
    const { createdAt, series, keys } = this.#sum(now);
    return { createdAt, series, keys };
  }

  /** The parts whose failure was reported lately. A restarted Directory has forgotten them. */
  degradedParts(now: number): string[] {
    return this.#sum(now).degradedParts(now);
  }

  /**
   * What was counted in the last `hours` hours, the current one included. Reads the row of each hour once; and all rows,
   * if nothing was counted in the hour before them. Stores nothing but what is left of an earlier hour.
   */
  period(hours: number, now: number): MetricPeriod {
    this.#storeEarlierHour(now);
    const { series } = this.#sum(now);
    const current = Math.max(this.#hour, hourOf(now));
    const firstHour = current - hours + 1;
    const sums: MetricHour[] = [];
    for (let hour = firstHour; hour < current; hour += 1) {
      const [row] = this.#sql
        .exec<Pick<Row, "series">>(`SELECT series FROM metrics WHERE ${OF_HOUR}`, hour % ROWS, hour)
        .toArray();
      if (row !== undefined) sums.push({ hour, series: JSON.parse(row.series) as SeriesCounts });
    }
    sums.push({ hour: current, series });
    return { before: this.#sumBefore(firstHour), sums };
  }

  /** The last sum from before this hour: usually that of the hour before. To find an older one reads all rows. */
  #sumBefore(hour: number): MetricPeriod["before"] {
    const find = (condition: string, ...values: number[]) =>
      this.#sql
        .exec<Pick<Row, "series" | "keys">>(`SELECT series, keys FROM metrics WHERE ${condition}`, ...values)
        .toArray()[0];
    const row =
      find(OF_HOUR, (hour - 1) % ROWS, hour - 1) ?? find("hour < ? ORDER BY hour DESC LIMIT 1", hour);
    return {
      series: JSON.parse(row?.series ?? "{}") as SeriesCounts,
      keys: JSON.parse(row?.keys ?? "[]") as KeySum[],
    };
  }

  #sum(now: number): MetricSum {
    if (this.#loaded !== undefined) return this.#loaded;
    const [row] = this.#sql.exec<Row>("SELECT * FROM metrics ORDER BY hour DESC LIMIT 1").toArray();
    let stored: StoredSum | null = null;
    if (row !== undefined) {
      this.#hour = row.hour;
      this.#writtenAt = row.written_at;
      stored = {
        createdAt: row.created_at,
        series: JSON.parse(row.series) as StoredSum["series"],
        keys: JSON.parse(row.keys) as StoredSum["keys"],
        isolates: JSON.parse(row.isolates) as StoredSum["isolates"],
      };
    }
    this.#loaded = new MetricSum(stored, crypto.randomUUID(), now);
    return this.#loaded;
  }
}
