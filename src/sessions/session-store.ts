/** What the Directory stores of members' sessions: the policy of each Stytch project, revocations, and usage. */
import { UsageStore } from "../keys/usage-store.ts";
import {
  MAX_REVOCATIONS,
  REVOCATION_RETENTION_MS,
  type Revocation,
  type RevocationUpdates,
} from "./revocations.ts";
import type { SessionPolicy } from "./session-policy.ts";
import type { PolicyVersion, SessionUpdates } from "./session-state.ts";

const REVOKED_BEFORE_KEY = "revoked-before";

/** Counting the revocations reads all their rows, so it is done once in this many revocations. */
const REVOCATIONS_BETWEEN_COUNTS = 100;

/** The version of a project that never had a policy. */
const NO_POLICY: PolicyVersion = { sequence: 0, policy: null };

const policyKey = (projectId: string) => `session-policy:${projectId}`;

export class SessionStore {
  readonly #storage: DurableObjectStorage;
  /** After a start it is unknown, so they are counted at once. */
  #revocationsSinceCount = REVOCATIONS_BETWEEN_COUNTS;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS revocations (
        kind TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (kind, id)
      ) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS revocations_by_number ON revocations (number);
      CREATE INDEX IF NOT EXISTS revocations_by_age ON revocations (at);`,
    );
  }

  /** The policy of this Stytch project, or its absence. */
  policyVersion(projectId: string): PolicyVersion {
    return this.#storage.kv.get<PolicyVersion>(policyKey(projectId)) ?? NO_POLICY;
  }

  /** Sets the policy, or removes it with null. `sequence`: of this change, the latest. */
  setPolicy(projectId: string, policy: SessionPolicy | null, sequence: number): void {
    this.#storage.kv.put<PolicyVersion>(policyKey(projectId), { sequence, policy });
  }

  /** The counts of all sessions' calls in this Stytch project; null if it never had a policy. */
  usage(projectId: string): UsageStore | null {
    if (this.policyVersion(projectId) === NO_POLICY) return null;
    return new UsageStore(this.#storage.kv, `session-usage:${projectId}:`);
  }

  /** Adds a revocation; an older one of the same ID changes nothing. `sequence`: of this change, the latest. */
  revoke({ kind, id, revokedAt }: Revocation, sequence: number, now: number): void {
    const { sql } = this.#storage;
    sql.exec(
      `INSERT INTO revocations (kind, id, at, number) VALUES (?, ?, ?, ?)
       ON CONFLICT (kind, id) DO UPDATE SET at = max(at, excluded.at), number = excluded.number`,
      kind,
      id,
      revokedAt,
      sequence,
    );
    sql.exec("DELETE FROM revocations WHERE at < ?", now - REVOCATION_RETENTION_MS);
    this.#revocationsSinceCount += 1;
    if (this.#revocationsSinceCount < REVOCATIONS_BETWEEN_COUNTS) return;
    this.#revocationsSinceCount = 0;
    this.#deleteExcess();
  }

  /** What has changed since the change with this sequence number. */
  updatesSince(sequence: number, projectId: string): SessionUpdates {
    const version = this.policyVersion(projectId);
    return { changed: version.sequence > sequence ? version : null, ...this.#revocationsSince(sequence) };
  }

  #revocationsSince(sequence: number): RevocationUpdates {
    const revocations = this.#storage.sql
      .exec<{ kind: Revocation["kind"]; id: string; at: number }>(
        "SELECT kind, id, at FROM revocations WHERE number > ? ORDER BY at",
        sequence,
      )
      .toArray();
    return {
      revocations: revocations.map(({ kind, id, at }) => ({ kind, id, revokedAt: at })),
      revokedBefore: this.#revokedBefore(),
    };
  }

  #revokedBefore(): number {
    return this.#storage.kv.get<number>(REVOKED_BEFORE_KEY) ?? 0;
  }

  /** If there are too many revocations, the oldest go, and all tokens from before them count as revoked. */
  #deleteExcess(): void {
    const { sql, kv } = this.#storage;
    const [last] = sql
      .exec<{ at: number }>("SELECT at FROM revocations ORDER BY at DESC LIMIT 1 OFFSET ?", MAX_REVOCATIONS)
      .toArray();
    if (last === undefined) return;
    sql.exec("DELETE FROM revocations WHERE at <= ?", last.at);
    // A late webhook may have added some from before the last that went.
    kv.put(REVOKED_BEFORE_KEY, Math.max(this.#revokedBefore(), last.at));
  }
}
