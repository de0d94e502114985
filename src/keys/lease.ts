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
import type { ProvedKey } from "./key-format.ts";
import type { KeyRecord } from "./record.ts";

/** The longest that a request waits for a key's object, in ms. */
export const LEASE_WAIT_MS = 1_000;

/** Leases that an isolate holds at most; the one asked for longest ago goes first. One is about a kilobyte. */
const MOST_LEASES = 5_000;

interface Lease {
  /** Null: the key proves itself, but was never issued. */
  readonly record: KeyRecord | null;
  readonly askedAt: number;
}

export interface Leases {
  readonly held: Map<string, Lease>;
  /** When a renewal behind an answer began, by key ID; plain data, so that one request may see another's. */
  readonly renewing: Map<string, number>;
}

export const noLeases = (): Leases => ({ held: new Map(), renewing: new Map() });

export type Leased =
  /** `grace`: the object fails, and this is what it said last. */
  | { readonly kind: "held"; readonly record: KeyRecord | null; readonly grace: boolean }
  /** The object fails, and there is nothing to go by. */
  | { readonly kind: "unavailable" };

/** `ask`: one call of the key's object, bounded in time. `inFront`: whether the request waits for it. */
export interface Asking {
  readonly ask: (keyId: string, inFront: boolean) => Promise<KeyRecord | null>;
  readonly now: () => number;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** What holds without asking the key's object first; null where nothing does. Renews the lease behind the answer where it is due. */
export function heldLease(leases: Leases, key: ProvedKey, config: Config, asking: Asking): Leased | null {
  const lease = leases.held.get(key.keyId);
  if (lease === undefined || isOutdated(lease, key)) return null;
  const now = asking.now();
  const age = now - lease.askedAt;
  const leaseMs = config.leaseSeconds * 1_000;
  // A lease from the future is of a clock that has gone back since: it says nothing of how old it is.
  if (age < 0 || age >= leaseMs) return null;
  if (age >= leaseMs / 2) renewBehind(leases, key.keyId, now, asking);
  return { kind: "held", record: lease.record, grace: false };
}

const isOutdated = ({ record }: Lease, { generation }: ProvedKey) =>
  record !== null && generation > record.generation;

/** Asks the key's object first: one object call. Never throws. */
export async function askForLease(
  leases: Leases,
  key: ProvedKey,
  config: Config,
  asking: Asking,
): Promise<Leased> {
  const { keyId } = key;
  const now = asking.now();
  const lease = leases.held.get(keyId);
  try {
    const record = await askNow(leases, keyId, now, asking);
    return { kind: "held", record, grace: false };
  } catch {
    const graceMs = (config.leaseSeconds + config.leaseGraceSeconds) * 1_000;
    if (lease?.record && !isOutdated(lease, key) && asking.now() - lease.askedAt < graceMs) {
      return { kind: "held", record: lease.record, grace: true };
    }
    return { kind: "unavailable" };
  }
}

/** Asks the object, as of `askedAt`, and goes by what it says from then on. Rejects where the object fails. */
export async function askNow(
  leases: Leases,
  keyId: string,
  askedAt: number,
  asking: Asking,
  inFront = true,
): Promise<KeyRecord | null> {
  const record = await asking.ask(keyId, inFront);
  const held = leases.held.get(keyId);
  // Answers may come out of order: the one to the later question stands.
  if (held !== undefined && held.askedAt > askedAt && held.askedAt <= asking.now()) return held.record;
  leases.held.delete(keyId);
  leases.held.set(keyId, { record, askedAt });
  if (leases.held.size > MOST_LEASES) {
    const [oldest] = leases.held.keys();
    if (oldest !== undefined) leases.held.delete(oldest);
  }
  return record;
}

/** One at a time for a key and isolate; one that hung or was cut off makes way when it must be over. */
export function renewBehind(leases: Leases, keyId: string, now: number, asking: Asking): void {
  const since = leases.renewing.get(keyId);
  if (since !== undefined && now - since < 2 * LEASE_WAIT_MS) return;
  // A request that is cut off leaves its mark: they are bounded by starting over.
  if (leases.renewing.size >= MOST_LEASES) leases.renewing.clear();
  leases.renewing.set(keyId, now);
  const renewal = askNow(leases, keyId, now, asking, false)
    // The next request that needs it asks again, and reports.
    .catch(() => {})
    .finally(() => {
      // One that hung may come back while its successor is under way.
      if (leases.renewing.get(keyId) === now) leases.renewing.delete(keyId);
    });
  asking.waitUntil(renewal);
}
