/**
 * The isolate's copies of key records, each on a lease of `LEASE_SECONDS`: a known key costs no I/O.
 *
 *   age of the lease               what happens
 *   under LEASE_SECONDS            the lease is used
 *   the same, in its last second   the lease is used, and renewed in the background (or in its second half, if it lasts
 *                                  for less than two seconds)
 *   LEASE_SECONDS or more          the request waits for the key's object
 *   the same, and the object       the lease is used for LEASE_GRACE_SECONDS more; then the key cannot be checked
 *   fails
 *   the same, and the object       as if it failed, without a call, until the pause ends (overload-pauses.ts)
 *   is overloaded
 *   any, and the presented key     the request waits for the key's object, without grace: the key itself proves that it
 *   is of a later generation       has been rotated since
 *
 * If several requests have to wait at once, one of them asks the object for all (shared-work.ts).
 *
 * The age counts from when the object was asked, not from when it answered. So a change of the key is in force
 * everywhere after `LEASE_SECONDS`, however late an answer arrives.
 */
import type { Config } from "../config.ts";
import { BoundedMap } from "../platform/bounded-map.ts";
import { OverloadPauses } from "../platform/overload-pauses.ts";
import { SharedWork } from "../platform/shared-work.ts";
import type { VerifiedKey } from "./key-format.ts";
import type { KeyRecord } from "./record.ts";

/** The longest that a request waits for a key's object. */
export const KEY_OBJECT_TIMEOUT_MS = 1_000;

/** The lease that was renewed longest ago is evicted first. A lease takes about a kilobyte. */
const MAX_LEASES = 5_000;

export interface Lease {
  /** Null if the key is genuine but was never issued. */
  readonly record: KeyRecord | null;
  /** When the key's object was asked, ms since the epoch. */
  readonly requestedAt: number;
  /** True if the lease has ended, and is used because the key's object fails. */
  readonly grace: boolean;
}

export interface LeaseSource {
  /**
   * Makes one call of the key's object, bounded in time. Stores its record before anyone goes on who waits for tokens of
   * the same answer, and resolves with what `store` returns. `isBlocking`: whether the request waits for the answer.
   */
  readonly fetchLease: (
    keyId: string,
    isBlocking: boolean,
    store: (record: KeyRecord | null) => Lease,
  ) => Promise<Lease>;
  readonly now: () => number;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

export class Leases {
  readonly #leaseMs: number;
  /** From which age on a call renews the lease: late, so that a key costs one object call in a lease. */
  readonly #renewalAgeMs: number;
  readonly #graceMs: number;
  readonly #leases = new BoundedMap<string, Lease>(MAX_LEASES);
  /**
   * When the background renewal of a key began, by key ID. Plain data, so that other requests of the isolate see it.
   */
  readonly #renewingSince = new BoundedMap<string, number>(MAX_LEASES);
  /** The questions that requests wait for, by key ID. */
  readonly #questions = new SharedWork<Lease>();
  readonly #overloads: OverloadPauses;

  /** `random`: 0 to 1, for the jitter of pauses. */
  constructor(
    { leaseSeconds, leaseGraceSeconds }: Pick<Config, "leaseSeconds" | "leaseGraceSeconds">,
    random?: () => number,
  ) {
    this.#leaseMs = leaseSeconds * 1_000;
    this.#overloads = new OverloadPauses(this.#leaseMs, random);
    this.#renewalAgeMs = this.#leaseMs - Math.min(KEY_OBJECT_TIMEOUT_MS, this.#leaseMs / 2);
    this.#graceMs = leaseGraceSeconds * 1_000;
  }

  get size(): number {
    return this.#leases.size;
  }

  /** Returns the lease if it is valid, or null. If a renewal is due, starts it in the background. No I/O otherwise. */
  cachedLease(key: VerifiedKey, now: number, source: LeaseSource): Lease | null {
    const lease = this.#leases.get(key.keyId);
    if (lease === undefined || !this.#isValid(lease, key, now)) return null;
    if (now - lease.requestedAt >= this.#renewalAgeMs) this.renewInBackground(key.keyId, now, source);
    return lease;
  }

  /**
   * Waits for the key's object: one object call, or none if another request is waiting for it already. If the object
   * fails, returns the lease in its grace time, or null if there is none: then the key cannot be checked. Never throws.
   */
  async acquireLease(key: VerifiedKey, source: LeaseSource): Promise<Lease | null> {
    const { keyId } = key;
    const { now, waitUntil } = source;
    const lease = this.#leases.get(keyId);
    // A later generation shows that the object has answered since.
    const isUrgent = lease !== undefined && isFromBeforeRotation(lease, key);
    const ask = async () => await this.fetchAndStore(keyId, now(), source, { isUrgent });
    let isOwn = false;
    try {
      const options = { timeoutMs: KEY_OBJECT_TIMEOUT_MS, waitUntil, now };
      const answer = await this.#questions.run(keyId, options, async () => {
        isOwn = true;
        return await ask();
      });
      // Another request may have asked before this one's key was rotated.
      return isOwn || this.#isValid(answer, key, now()) ? answer : await ask();
    } catch {
      const canUse = lease !== undefined && this.#isInGrace(lease, key, source.now());
      return canUse ? { ...lease, grace: true } : null;
    }
  }

  /** If the clock has gone back, the age of the lease is unknown. */
  #isValid(lease: Lease, key: VerifiedKey, now: number): boolean {
    const age = now - lease.requestedAt;
    return age >= 0 && age < this.#leaseMs && !isFromBeforeRotation(lease, key);
  }

  /** A key that was not issued has no grace: it may have been issued since. */
  #isInGrace(lease: Lease, key: VerifiedKey, now: number): boolean {
    return (
      lease.record !== null &&
      !isFromBeforeRotation(lease, key) &&
      now - lease.requestedAt < this.#leaseMs + this.#graceMs
    );
  }

  /**
   * Asks the key's object and stores what it answers, as of `requestedAt`. Returns the latest lease. Rejects if the
   * object fails, and at once while it is left alone since it is overloaded, unless the question is urgent.
   */
  async fetchAndStore(
    keyId: string,
    requestedAt: number,
    source: LeaseSource,
    { isBlocking = true, isUrgent = false } = {},
  ): Promise<Lease> {
    if (!isUrgent && this.#overloads.isPaused(keyId, source.now()))
      throw new Error("the key's object is overloaded");
    const startedAt = source.now();
    try {
      const lease = await source.fetchLease(keyId, isBlocking, (record) =>
        this.#store(keyId, { record, requestedAt, grace: false }, source.now()),
      );
      this.#overloads.note(keyId, null, startedAt, source.now());
      return lease;
    } catch (error) {
      this.#overloads.note(keyId, error, startedAt, source.now());
      throw error;
    }
  }

  /**
   * Returns the latest lease. Answers can arrive out of order: the one to the latest question counts, unless the clock has
   * gone back since.
   */
  #store(keyId: string, lease: Lease, now: number): Lease {
    const stored = this.#leases.get(keyId);
    if (stored !== undefined && stored.requestedAt > lease.requestedAt && stored.requestedAt <= now)
      return stored;
    this.#leases.set(keyId, lease);
    return lease;
  }

  /**
   * Renews one lease once at a time, and not while its object is left alone. A renewal that has not ended by the time it
   * must have been cut off is not waited for.
   */
  renewInBackground(keyId: string, now: number, source: LeaseSource): void {
    const since = this.#renewingSince.get(keyId);
    if (since !== undefined && now - since < 2 * KEY_OBJECT_TIMEOUT_MS) return;
    if (this.#overloads.isPaused(keyId, now)) return;
    this.#renewingSince.set(keyId, now);
    const renewal = this.fetchAndStore(keyId, now, source, { isBlocking: false })
      // The next request that needs the lease asks again, and reports the failure.
      .catch(() => {})
      .finally(() => {
        // A renewal that hung may end while its successor is running.
        if (this.#renewingSince.get(keyId) === now) this.#renewingSince.delete(keyId);
      });
    source.waitUntil(renewal);
  }

  /** Returns the record as the isolate knows it, valid or not; null if it has none. No I/O. */
  latestRecord(keyId: string): KeyRecord | null {
    return this.#leases.get(keyId)?.record ?? null;
  }
}

const isFromBeforeRotation = ({ record }: Lease, { generation }: VerifiedKey) =>
  record !== null && generation > record.generation;
