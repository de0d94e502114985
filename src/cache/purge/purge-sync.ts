/**
 * When an isolate asks the Directory for new purges:
 *
 *   age of the purge list                  before an answer from the cache
 *   under half of LEASE_SECONDS            nothing
 *   under LEASE_SECONDS                    nothing; the list is synced in the background
 *   over it                                the Directory is asked first, for at most a second
 *   over it, and that failed recently      nothing for LEASE_SECONDS: purges wait for the Directory, answers do not
 *
 * The answer to a member's session must not rest on a list that may lack a revocation (`ensureCurrent`):
 *
 *   age of the list                        before an answer to a session
 *   under LEASE_SECONDS                    as above
 *   over it                                the Directory is asked first, for at most a second
 *   over it, and that failed recently      nothing for LEASE_SECONDS, if the list is within LEASE_GRACE_SECONDS more
 *   over that, and the Directory fails     the session is refused as one that nobody can check
 *
 * If several requests have to wait at once, one of them asks the Directory for all (shared-work.ts). A Directory that is
 * overloaded is left alone for a while (overload-pauses.ts): nobody waits for it, and the first request after the pause
 * does.
 */
import type { Config } from "../../config.ts";
import { getDirectory } from "../../directory/directory-client.ts";
import type { MetricReports } from "../../metrics/metric-reports.ts";
import { callWithRetry } from "../../platform/durable-object.ts";
import { OverloadPauses } from "../../platform/overload-pauses.ts";
import { SharedWork } from "../../platform/shared-work.ts";
import type { SessionState } from "../../sessions/session-state.ts";
import type { PurgeList, PurgeUpdates } from "./purge-list.ts";

/** There is one, so it has no name. */
const DIRECTORY = "";

/** How long an answer waits for the Directory. */
const DIRECTORY_TIMEOUT_MS = 1_000;

/** A background sync that has not ended by then was cut off, and another may start. */
const BACKGROUND_TIMEOUT_MS = 2 * DIRECTORY_TIMEOUT_MS;

/**
 * Whether the list has all that must be in force: it is `current`; it is in its time of `grace`, since the Directory
 * fails; or it is `outdated`, as is that of an isolate that never had one.
 */
export type ListStatus = "current" | "grace" | "outdated";

type WaitUntil = (work: Promise<unknown>) => void;

export class PurgeSync {
  readonly #list: PurgeList;
  readonly #fetchUpdates: (after: number) => Promise<PurgeUpdates>;
  readonly #now: () => number;
  /** When the Directory was asked for the list as it is now. */
  #syncedAt = Number.NEGATIVE_INFINITY;
  /** When the Directory last failed a request that waited. */
  #failedAt = Number.NEGATIVE_INFINITY;
  /** When the background sync that is running or has failed was started. */
  #backgroundSyncAt = Number.NEGATIVE_INFINITY;
  /** The sync that answers wait for. */
  readonly #blockingSync = new SharedWork<boolean>();
  readonly #leaseMs: number;
  readonly #overloads: OverloadPauses;

  /**
   * `fetchUpdates` makes one call of the Directory, bounded in time, for the purges after a sequence number. `random`: 0
   * to 1, for the jitter of pauses.
   */
  constructor(
    list: PurgeList,
    fetchUpdates: (after: number) => Promise<PurgeUpdates>,
    leaseMs: number,
    now: () => number = Date.now,
    random?: () => number,
  ) {
    this.#list = list;
    this.#fetchUpdates = fetchUpdates;
    this.#leaseMs = leaseMs;
    this.#overloads = new OverloadPauses(leaseMs, random);
    this.#now = now;
  }

  /**
   * Null if the list may be used as it is. Otherwise resolves, always, when it may: with false if the Directory failed
   * and the list is as it was. Makes at most one call of the Directory.
   */
  ensureSynced(waitUntil: WaitUntil): Promise<boolean> | null {
    const now = this.#now();
    if (!isWithin(now, this.#syncedAt, this.#leaseMs) && !isWithin(now, this.#failedAt, this.#leaseMs)) {
      return this.#syncBeforeAnswer(waitUntil);
    }
    if (!isWithin(now, this.#syncedAt, this.#leaseMs / 2)) this.#syncInBackground(now, waitUntil);
    return null;
  }

  /** Like `ensureSynced`, for answers that must not go on without the Directory for longer than the grace. */
  ensureCurrent(graceMs: number, waitUntil: WaitUntil): ListStatus | Promise<ListStatus> {
    const now = this.#now();
    if (isWithin(now, this.#syncedAt, this.#leaseMs)) {
      if (!isWithin(now, this.#syncedAt, this.#leaseMs / 2)) this.#syncInBackground(now, waitUntil);
      return "current";
    }
    const isInGrace = () => isWithin(this.#now(), this.#syncedAt, this.#leaseMs + graceMs);
    if (isWithin(now, this.#failedAt, this.#leaseMs) && isInGrace()) {
      this.#syncInBackground(now, waitUntil);
      return "grace";
    }
    return this.#syncBeforeAnswer(waitUntil).then((isSynced) => {
      if (isSynced) return "current";
      return isInGrace() ? "grace" : "outdated";
    });
  }

  /** Syncs the list in the background, before its time: for a request whose call has something to report. */
  syncEarly(waitUntil: WaitUntil): void {
    this.#syncInBackground(this.#now(), waitUntil);
  }

  async #syncBeforeAnswer(waitUntil: WaitUntil): Promise<boolean> {
    // Nobody has failed, so the first request after the pause waits for the Directory.
    if (this.#overloads.isPaused(DIRECTORY, this.#now())) return false;
    const options = { timeoutMs: DIRECTORY_TIMEOUT_MS, waitUntil, now: this.#now };
    const synced = this.#blockingSync.run("", options, async () => {
      const isSynced = await this.#sync(this.#now());
      // A failed background sync is no reason for later answers not to wait; this one is.
      if (!isSynced) this.#failedAt = this.#now();
      return isSynced;
    });
    // It rejects only if those who were to ask ended without a word.
    return await synced.catch(() => false);
  }

  /** One at a time. After a failure, the next one starts when this one must have ended. */
  #syncInBackground(now: number, waitUntil: WaitUntil): void {
    if (isWithin(now, this.#backgroundSyncAt, BACKGROUND_TIMEOUT_MS)) return;
    if (this.#overloads.isPaused(DIRECTORY, now)) return;
    this.#backgroundSyncAt = now;
    const synced = this.#sync(now).then((isSynced) => {
      if (isSynced && this.#backgroundSyncAt === now) this.#backgroundSyncAt = Number.NEGATIVE_INFINITY;
    });
    waitUntil(synced);
  }

  async #sync(startedAt: number): Promise<boolean> {
    try {
      this.#list.applyUpdates(await this.#fetchUpdates(this.#list.syncedThrough));
      this.#overloads.note(DIRECTORY, null, startedAt, this.#now());
    } catch (error) {
      this.#overloads.note(DIRECTORY, error, startedAt, this.#now());
      return false;
    }
    // Responses may arrive out of order. A time in the future is from a clock that was set back since.
    if (startedAt > this.#syncedAt || this.#syncedAt > this.#now()) this.#syncedAt = startedAt;
    return true;
  }
}

/**
 * The sync of an isolate with the deployment's Directory. The same call brings the session policy and the revocations,
 * and reports what sessions have used and what the isolate has counted.
 */
export function createPurgeSync(
  env: Env,
  { stytch, leaseSeconds }: Pick<Config, "stytch" | "leaseSeconds">,
  list: PurgeList,
  { sessions, metricReports }: { readonly sessions: SessionState; readonly metricReports: MetricReports },
): PurgeSync {
  const fetchUpdates = async (after: number) => {
    const report = sessions.nextUsageReport(Date.now());
    const counted = metricReports.next(Date.now());
    const updates = await callWithRetry(
      () => getDirectory(env),
      async (directory) => await directory.updatesSince(after, stytch.projectId, report, counted),
      DIRECTORY_TIMEOUT_MS,
    );
    const now = Date.now();
    if (counted !== null) metricReports.acknowledge(counted, updates.metrics ?? null);
    if (report !== null) sessions.acknowledgeUsage(report, now);
    sessions.applyUpdates(updates.sessions, now);
    return updates.purges;
  };
  return new PurgeSync(list, fetchUpdates, leaseSeconds * 1_000);
}

/** True if `since` is less than `ms` ago. A time in the future, from a clock that was set back, is not. */
function isWithin(now: number, since: number, ms: number): boolean {
  return now >= since && now - since < ms;
}
