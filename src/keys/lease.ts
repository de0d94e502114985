/**
 * The isolate's side of a key: its record on a lease of `LEASE_SECONDS`, so that a key which was here before costs no I/O.
 *
 *   age                        what happens
 *   under half the lease       the lease is used
 *   under the lease            it is used, and renewed behind the answer
 *   over it                    the key's object is asked first
 *   over it, object failing    the lease is honoured for `LEASE_GRACE_SECONDS` more, then the key cannot be checked
 *   from before a rotation     as over it: the key that is presented proves that there has been one
 *
 * A lease is as old as the question it answers: it counts from when the object was asked, not from when it answered, so
 * that nothing an operator changed is ignored for longer than the lease, however slow the answer was.
 */
import type { Config } from "../config.ts";
import type { VerifiedKey } from "./key-format.ts";
import type { KeyRecord } from "./record.ts";

/** The longest that a request waits for a key's object, in ms. */
export const KEY_OBJECT_TIMEOUT_MS = 1_000;

/** Leases that an isolate holds at most; the one asked for longest ago goes first. One is about a kilobyte. */
const MAX_LEASES = 5_000;

interface Lease {
  /** Null: the key proves itself, but was never issued. */
  readonly record: KeyRecord | null;
  readonly requestedAt: number;
}

export interface Leases {
  readonly entries: Map<string, Lease>;
  /** When a renewal behind an answer began, by key ID; plain data, so that one request may see another's. */
  readonly renewingSince: Map<string, number>;
}

export const createLeases = (): Leases => ({ entries: new Map(), renewingSince: new Map() });

export type LeaseResult =
  /** `grace`: the object fails, and this is what it said last. */
  | { readonly kind: "held"; readonly record: KeyRecord | null; readonly grace: boolean }
  /** The object fails, and there is nothing to go by. */
  | { readonly kind: "unavailable" };

/** `ask`: one call of the key's object, bounded in time. `inFront`: whether the request waits for it. */
export interface LeaseSource {
  readonly fetchLease: (keyId: string, inFront: boolean) => Promise<KeyRecord | null>;
  readonly now: () => number;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** What holds without asking the key's object first; null where nothing does. Renews the lease behind the answer where it is due. */
export function cachedLease(
  leases: Leases,
  key: VerifiedKey,
  config: Config,
  asking: LeaseSource,
): LeaseResult | null {
  const lease = leases.entries.get(key.keyId);
  if (lease === undefined || isOutdated(lease, key)) return null;
  const now = asking.now();
  const age = now - lease.requestedAt;
  const leaseMs = config.leaseSeconds * 1_000;
  // A lease from the future is of a clock that has gone back since: it says nothing of how old it is.
  if (age < 0 || age >= leaseMs) return null;
  if (age >= leaseMs / 2) renewInBackground(leases, key.keyId, now, asking);
  return { kind: "held", record: lease.record, grace: false };
}

const isOutdated = ({ record }: Lease, { generation }: VerifiedKey) =>
  record !== null && generation > record.generation;

/** Asks the key's object first: one object call. Never throws. */
export async function acquireLease(
  leases: Leases,
  key: VerifiedKey,
  config: Config,
  asking: LeaseSource,
): Promise<LeaseResult> {
  const { keyId } = key;
  const now = asking.now();
  const lease = leases.entries.get(keyId);
  try {
    const record = await fetchAndStore(leases, keyId, now, asking);
    return { kind: "held", record, grace: false };
  } catch {
    const graceMs = (config.leaseSeconds + config.leaseGraceSeconds) * 1_000;
    if (lease?.record && !isOutdated(lease, key) && asking.now() - lease.requestedAt < graceMs) {
      return { kind: "held", record: lease.record, grace: true };
    }
    return { kind: "unavailable" };
  }
}

/** Asks the object, as of `askedAt`, and goes by what it says from then on. Rejects where the object fails. */
export async function fetchAndStore(
  leases: Leases,
  keyId: string,
  requestedAt: number,
  asking: LeaseSource,
  inFront = true,
): Promise<KeyRecord | null> {
  const record = await asking.fetchLease(keyId, inFront);
  const held = leases.entries.get(keyId);
  // Answers may come out of order: the one to the later question stands.
  if (held !== undefined && held.requestedAt > requestedAt && held.requestedAt <= asking.now())
    return held.record;
  leases.entries.delete(keyId);
  leases.entries.set(keyId, { record, requestedAt });
  if (leases.entries.size > MAX_LEASES) {
    const [oldest] = leases.entries.keys();
    if (oldest !== undefined) leases.entries.delete(oldest);
  }
  return record;
}

/** One at a time for a key and isolate; one that hung or was cut off makes way when it must be over. */
export function renewInBackground(leases: Leases, keyId: string, now: number, asking: LeaseSource): void {
  const since = leases.renewingSince.get(keyId);
  if (since !== undefined && now - since < 2 * KEY_OBJECT_TIMEOUT_MS) return;
  // A request that is cut off leaves its mark: they are bounded by starting over.
  if (leases.renewingSince.size >= MAX_LEASES) leases.renewingSince.clear();
  leases.renewingSince.set(keyId, now);
  const renewal = fetchAndStore(leases, keyId, now, asking, false)
    // The next request that needs it asks again, and reports.
    .catch(() => {})
    .finally(() => {
      // One that hung may come back while its successor is under way.
      if (leases.renewingSince.get(keyId) === now) leases.renewingSince.delete(keyId);
    });
  asking.waitUntil(renewal);
}
