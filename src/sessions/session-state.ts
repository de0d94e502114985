/** All that an isolate keeps about members' sessions: what the Directory said, whom it has verified, and what they used. */
import type { Config } from "../config.ts";
import { PendingUsage, type UsageReport } from "../keys/usage.ts";
import type { Outcome } from "../metrics/outcome.ts";
import { type Result, success } from "../result.ts";
import { MemberLimits } from "./member-limits.ts";
import { RevocationList, type RevocationUpdates } from "./revocations.ts";
import type { SessionPolicy } from "./session-policy.ts";
import { LatestVerificationKeys } from "./verification-keys.ts";
import { VerifiedSessions } from "./verified-sessions.ts";

/** A policy of sessions, or its absence, and the sequence number of the change that led to it. */
export interface PolicyVersion {
  readonly sequence: number;
  readonly policy: SessionPolicy | null;
}

/** What the Directory tells an isolate of sessions. */
export interface SessionUpdates extends RevocationUpdates {
  /** Null if the policy is the one that the isolate has. */
  readonly changed: PolicyVersion | null;
}

/** All sessions are counted together. */
const USAGE_NAME = "sessions";

export class SessionState {
  readonly revocations = new RevocationList();
  readonly verified = new VerifiedSessions();
  readonly keys = new LatestVerificationKeys();
  readonly limits = new MemberLimits();
  readonly #pendingUsage: PendingUsage;
  #sequence = 0;
  /** Kept as a result, so that a call allocates none. */
  #policy: Result<SessionPolicy | null> = success(null);

  constructor(config: Pick<Config, "leaseSeconds">) {
    this.#pendingUsage = new PendingUsage(config);
  }

  /** The policy as the Directory said it last; null if there is none, or if it has said nothing yet. */
  get policy(): Result<SessionPolicy | null> {
    return this.#policy;
  }

  /** Takes in what the Directory returned, in any order. `now`: ms since the epoch. */
  applyUpdates(updates: SessionUpdates, now: number): void {
    this.revocations.applyUpdates(updates, now);
    if (updates.changed !== null) this.applyPolicy(updates.changed);
  }

  /** Takes in a change of the policy, unless a later one is known. */
  applyPolicy({ sequence, policy }: PolicyVersion): void {
    if (sequence <= this.#sequence) return;
    this.#sequence = sequence;
    this.#policy = success(policy);
  }

  /** Counts one call: admitted, or refused by the limit of its member. */
  countCall(now: number, admitted: boolean): void {
    this.#pendingUsage.count(USAGE_NAME, now, admitted);
  }

  /** Counts what a call of a genuine session has come to. */
  countOutcome(now: number, outcome: Outcome): void {
    this.#pendingUsage.countOutcome(USAGE_NAME, now, outcome);
  }

  /** Returns the report that goes along with the next question to the Directory, or null. */
  nextUsageReport(now: number): UsageReport | null {
    return this.#pendingUsage.nextReport(USAGE_NAME, now);
  }

  /** The Directory has counted the report. */
  acknowledgeUsage(report: UsageReport, now: number): void {
    this.#pendingUsage.acknowledge(USAGE_NAME, report, now);
  }
}
