/** How many keys are active, expired and revoked. Counting reads all keys, so it is done only if one may have changed. */
import { isOfProject, type KeyRecord, type KeyStatus, statusOf } from "../keys/record.ts";

export type KeyStatuses = Readonly<Record<KeyStatus, number>>;

interface Counted {
  readonly projectId: string;
  readonly statuses: KeyStatuses;
  readonly at: number;
  /** When the next key expires, ms since the epoch. */
  readonly until: number;
}

export class KeyStatusCounts {
  readonly #sql: SqlStorage;
  #counted: Counted | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** A key was issued or changed. */
  reset(): void {
    this.#counted = undefined;
  }

  /** The keys of this Stytch project, by their status at `now`. */
  of(projectId: string, now: number): KeyStatuses {
    const counted = this.#counted;
    if (counted?.projectId === projectId && now >= counted.at && now < counted.until) return counted.statuses;
    const statuses = { active: 0, expired: 0, revoked: 0 };
    let until = Number.POSITIVE_INFINITY;
    for (const { item } of this.#sql.exec<{ item: string }>("SELECT item FROM keys")) {
      const record = JSON.parse(item) as KeyRecord;
      if (!isOfProject(record, projectId)) continue;
      const status = statusOf(record, now);
      statuses[status] += 1;
      if (status === "active" && record.expires_at !== null)
        until = Math.min(until, Date.parse(record.expires_at));
    }
    this.#counted = { projectId, statuses, at: now, until };
    return statuses;
  }
}
