/**
 * The purges that an isolate knows of, and which entries they end. KV takes up to a minute to show a change everywhere;
 * with this list a purge holds everywhere within `LEASE_SECONDS`, whatever KV shows.
 *
 * The Directory gives each purge a sequence number. An entry carries a purge epoch: the highest number that anyone on
 * its way had heard of when its upstream request began. So the request came after all purges up to that number, and a
 * later purge of any of its names ends it. This is a Lamport clock
 * (https://lamport.azurewebsites.net/pubs/time-clocks.pdf): the clocks of two machines are never compared, and hearing
 * of too few purges only costs one more upstream request.
 *
 * Plain data, no I/O.
 */
import { BoundedMap } from "../../platform/bounded-map.ts";
import type { Entry } from "../entry.ts";

/**
 * How many purges the Directory and an isolate list one by one. All that is older than the oldest of them counts as
 * purged.
 */
export const MAX_PURGES = 5_000;

export interface Purge {
  /** An ID, slug or external ID. */
  readonly name: string;
  readonly sequence: number;
}

/** A purge that the cache has listed. */
export interface CachePurge {
  readonly sequence: number;
  /** The purge of the same name before it, whoever listed that; 0 if there was none. */
  readonly previous: number;
}

/** What the Directory returns to an isolate that knows all purges up to some number. */
export interface PurgeUpdates {
  readonly purges: readonly Purge[];
  /** Entries with a lower purge epoch have ended, whatever their names are. */
  readonly purgedBefore: number;
  /** The sequence number of the latest purge. */
  readonly latest: number;
}

export class PurgeList {
  /** The latest purge of each name, the oldest first. */
  readonly #sequences = new BoundedMap<string, number>(MAX_PURGES, (_, sequence) => {
    // A purge that is no longer listed must still end the entries it ended.
    this.#purgedBefore = Math.max(this.#purgedBefore, sequence);
  });
  #purgedBefore = 0;
  #syncedThrough = 0;
  #latestSeen = 0;

  get size(): number {
    return this.#sequences.size;
  }

  /** Entries with a lower purge epoch have ended, whatever their names are. */
  get purgedBefore(): number {
    return this.#purgedBefore;
  }

  /** The list has every purge up to this one. */
  get syncedThrough(): number {
    return this.#syncedThrough;
  }

  /** The latest purge that this isolate has heard of, in any way. */
  get latestSeen(): number {
    return this.#latestSeen;
  }

  /** The lowest purge epoch that an entry with one of these names may have; 0 if there was no purge. */
  minPurgeEpoch(names: readonly string[]): number {
    let latest = this.#purgedBefore;
    for (const name of names) latest = Math.max(latest, this.#sequences.get(name) ?? 0);
    return latest;
  }

  /**
   * True if a purge that this isolate knows of has ended the entry. On the path of every hit, so it allocates nothing.
   */
  isPurged({ purgeEpoch, name, organizationId, slug, externalId }: Entry): boolean {
    return (
      purgeEpoch < this.#purgedBefore ||
      purgeEpoch < (this.#sequences.get(name) ?? 0) ||
      (organizationId !== name && purgeEpoch < (this.#sequences.get(organizationId) ?? 0)) ||
      purgeEpoch < (this.#sequences.get(slug) ?? 0) ||
      (externalId !== null && purgeEpoch < (this.#sequences.get(externalId) ?? 0))
    );
  }

  /** Adds one purge, which may be known already. */
  add({ name, sequence }: Purge): void {
    this.observeSequence(sequence);
    if (sequence >= (this.#sequences.get(name) ?? 0)) this.#sequences.set(name, sequence);
  }

  /** A purge was heard of, for example from an entry. */
  observeSequence(sequence: number): void {
    this.#latestSeen = Math.max(this.#latestSeen, sequence);
  }

  /** Adds what the Directory returned. Responses may arrive out of order; the list only grows. */
  applyUpdates({ purges, purgedBefore, latest }: PurgeUpdates): void {
    for (const purge of purges) this.add(purge);
    this.#purgedBefore = Math.max(this.#purgedBefore, purgedBefore);
    this.#syncedThrough = Math.max(this.#syncedThrough, latest);
    this.observeSequence(latest);
  }
}
