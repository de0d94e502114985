import type { CachePurge } from "../purge/purge-list.ts";

/**
 * Until when a key that is bound to organizations is answered, without Stytch being asked, that a name is none of its
 * organizations'. It takes the place of the negative cache for such keys, and nothing but their own reads and purges of
 * the name changes it: what others know of the name, and whether it exists, must not show in how long an answer takes.
 * No I/O; times are in ms since the epoch.
 */
export class ProbeMemory {
  #until = Number.NEGATIVE_INFINITY;
  /** The latest purge that was known when the request began whose answer is remembered. */
  #purgeEpoch = 0;
  #latestPurge = 0;

  /** True while an answer is remembered that no purge of the name has ended. */
  isRemembered(now: number): boolean {
    return now < this.#until && this.#purgeEpoch >= this.#latestPurge;
  }

  /** Stytch knows nobody by this name, or an organization that the key may not see. */
  remember(until: number, purgeEpoch: number): void {
    this.#until = until;
    this.#purgeEpoch = purgeEpoch;
  }

  /** A purge of the name was heard of. */
  observePurge(sequence: number): void {
    this.#latestPurge = Math.max(this.#latestPurge, sequence);
  }

  /** A purge that the object has listed itself ends nothing, unlike somebody else's between the request and it. */
  observeOwnPurge({ sequence, previous }: CachePurge): void {
    this.observePurge(sequence);
    if (this.#purgeEpoch >= previous) this.#purgeEpoch = Math.max(this.#purgeEpoch, sequence);
  }
}
