/** An isolate of the simulated deployment. */
import { PurgeList } from "../../src/cache/purge/purge-list.ts";
import { PurgeSync } from "../../src/cache/purge/purge-sync.ts";
import type { VerifiedKey } from "../../src/keys/key-format.ts";
import { type LeaseSource, Leases } from "../../src/keys/lease.ts";
import type { KeyRecord } from "../../src/keys/record.ts";
import type { Agenda } from "../../test/simulation/agenda.ts";
import type { Location } from "./locations.ts";
import { BusyObject, callObject, distanceMs, type Place } from "./network.ts";
import { HOME } from "./regions.ts";

export type Tier = "memory" | "memory, after a wait" | "KV" | "KV, cold" | "miss";

export interface Answer {
  /** When it was sent, in ms from the beginning. */
  readonly at: number;
  readonly tier: Tier;
  readonly ms: number;
  /** True for a 503 `key_service_unavailable`: the key's object failed, and the isolate has no lease in its grace. */
  readonly isRefused: boolean;
  /** The latest purge that the isolate knew of; infinite if the answer has no organization that it could have purged. */
  readonly knownPurge: number;
  /** True if the hot key was honoured for it. */
  readonly isAdmittedByHotKey: boolean;
}

interface IsolateOptions {
  readonly agenda: Agenda;
  readonly random: () => number;
  readonly location: Location;
  readonly leaseSeconds: number;
  /** Resolves with the number of the latest purge. */
  readonly askForPurges: () => Promise<number>;
  /** Resolves with whether the key is revoked. */
  readonly askForHotKey: () => Promise<boolean>;
  readonly onAnswer: (answer: Answer) => void;
}

/** What a hit takes when nothing has to be waited for. */
const HIT_MS = 0.2;
const ORGANIZATIONS = 2_000;
/** `CACHE_MEMORY_SECONDS`. */
const MEMORY_MS = 5_000;
/** KV keeps an entry in a location for a minute after a read (`cacheTtl`). */
const KV_LOCAL_MS = 60_000;
/** A read of KV in a location that has the entry, and what a central store takes itself. Assumptions. */
const KV_HOT_MS = 3;
const KV_STORE_MS = 10;
/** Two central stores: East US and UK South. An assumption. */
const KV_STORES: readonly Place[] = [
  { region: 0, localMs: 2 },
  { region: 3, localMs: 2 },
];
/** The share of reads of KV that find nothing, and what Stytch takes. Assumptions. */
const MISS_SHARE = 0.02;
const STYTCH_MS = 60;
const HOT_KEY = "hot";

const keyOf = (keyId: string): VerifiedKey => ({ keyId, generation: 1, isOfPreviousSecret: false });
const recordOf = (isRevoked: boolean) =>
  ({ generation: 1, revoked_at: isRevoked ? "revoked" : null }) as KeyRecord;

export class ScaledIsolate {
  readonly #options: IsolateOptions;
  readonly #list = new PurgeList();
  readonly #sync: PurgeSync;
  readonly #leases: Leases;
  readonly #leaseMs: number;
  /** The object of the key that is used only in this location. */
  readonly #localKey: BusyObject;
  /** When memory had each organization confirmed, by its index. */
  readonly #confirmedAt = new Map<number, number>();

  constructor(options: IsolateOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseSeconds * 1_000;
    this.#leases = new Leases({ leaseSeconds: options.leaseSeconds, leaseGraceSeconds: 60 }, options.random);
    const fetchUpdates = async () => {
      return { purges: [], purgedBefore: 0, latest: await options.askForPurges() };
    };
    this.#sync = new PurgeSync(this.#list, fetchUpdates, this.#leaseMs, () => this.#now(), options.random);
    this.#localKey = new BusyObject({ region: options.location.region, localMs: 2 });
  }

  /** Handles a request as `readCached` does: the lease, the purge list and KV are waited for side by side. */
  request(isHotKey: boolean): void {
    const startedAt = this.#now();
    const waits: Promise<unknown>[] = [];
    const key = keyOf(isHotKey ? HOT_KEY : "local");
    const source = this.#leaseSource(isHotKey);
    let lease = this.#leases.cachedLease(key, startedAt, source);
    if (lease === null) {
      const acquired = this.#leases.acquireLease(key, source).then((one) => {
        lease = one;
      });
      waits.push(acquired);
    }
    const synced = this.#sync.ensureSynced(() => {});
    if (synced !== null) waits.push(synced);
    const { tier, ms } = this.#readCache();
    if (ms > 0) waits.push(this.#wait(ms));
    const answer = () => {
      const now = this.#now();
      const isRevoked = lease?.record?.revoked_at !== null;
      this.#options.onAnswer({
        at: now,
        tier: tier === "memory" && waits.length > 0 ? "memory, after a wait" : tier,
        ms: now - startedAt + HIT_MS,
        isRefused: lease === null,
        // A miss asks the organization's object, which knows of the purge.
        knownPurge: tier === "miss" || lease === null ? Number.POSITIVE_INFINITY : this.#list.syncedThrough,
        isAdmittedByHotKey: isHotKey && lease !== null && !isRevoked,
      });
    };
    if (waits.length === 0) answer();
    else void Promise.all(waits).then(answer);
  }

  #leaseSource(isHotKey: boolean): LeaseSource {
    const { agenda, location, askForHotKey } = this.#options;
    return {
      now: () => this.#now(),
      waitUntil: () => {},
      fetchLease: async (_keyId, _isBlocking, store) =>
        store(
          recordOf(
            isHotKey ? await askForHotKey() : await callObject(agenda, location, this.#localKey, () => false),
          ),
        ),
    };
  }

  /** Where the organization is found, and how long it takes. Names are requested by Zipf's law. */
  #readCache(): { readonly tier: Tier; readonly ms: number } {
    const { location, random } = this.#options;
    // The rank of a uniform fraction under Zipf's law, nearly.
    const organization = Math.floor(ORGANIZATIONS ** random());
    const now = this.#now();
    if (now - (this.#confirmedAt.get(organization) ?? -MEMORY_MS) < MEMORY_MS)
      return { tier: "memory", ms: 0 };
    this.#confirmedAt.set(organization, now);
    const isLocal = now - (location.readAt.get(organization) ?? -KV_LOCAL_MS) < KV_LOCAL_MS;
    location.readAt.set(organization, now);
    const storeMs = Math.min(...KV_STORES.map((store) => distanceMs(location, store))) + KV_STORE_MS;
    if (random() < MISS_SHARE) {
      const objectMs = distanceMs(location, { region: HOME, localMs: 2 });
      return { tier: "miss", ms: (isLocal ? KV_HOT_MS : storeMs) + objectMs + STYTCH_MS };
    }
    return isLocal ? { tier: "KV", ms: KV_HOT_MS } : { tier: "KV, cold", ms: storeMs };
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.agenda.after(ms, resolve));
  }

  #now(): number {
    return this.#options.agenda.now();
  }
}
