/**
 * What an Organization object knows if its name is a slug or external ID: which organization the alias names. The entry
 * itself is held by the canonical object, the one that is named by the organization's ID; this object hands over what
 * it fetches.
 *
 *   event                                             canonical ID     then
 *   an answer of Stytch is handed over                the answer's     written to KV; purge listed (1) if it changed
 *   the canonical object knows of a later purge       as before, or    the request is repeated; purge listed (1) if the
 *                                                     none if it       alias named another organization
 *                                                     changed
 *   another organization is seen with the alias       none             purge listed (1)
 *   the organization is seen without its alias        none             purge listed (2)
 *   others are seen with or without the alias         as before        nothing
 *   the entry ends, or is purged                      none             the table in entry-state.ts
 *
 * (1) Of the organization that the alias named: a purge of the alias would end the answer that told of the move as well.
 * (2) Of the alias, which the answer that told of this does not have.
 *
 * A canonical object tells of an alias once. So when it comes to name another organization, those that told of it before
 * are told that it has left them (`#endOtherClaims`), or they would not tell of its return.
 */
import { type LogDegraded, logDegraded } from "../../log.ts";
import { withTimeout } from "../../platform/timeout.ts";
import { type Entry, hasIdentifier } from "../entry.ts";
import type { ReadRequest } from "../object-messages.ts";
import type { KvMirror } from "./kv-mirror.ts";

/** How long an Organization object waits for another one. */
export const PEER_TIMEOUT_MS = 300;

/** What the object of an alias asks of the canonical object. */
export interface CanonicalObject {
  current(
    alias: string,
    reader: Pick<ReadRequest, "newestRequestedAt" | "minPurgeEpoch">,
  ): Promise<Entry | null>;
  store(entry: Entry): Promise<number>;
  aliasLeft(alias: string, requestedAt: number): Promise<void>;
}

const CLAIMANTS_KEY = "alias-claimants";

/** What came of handing an entry over. */
export type HandOverResult =
  /** The alias names this organization, as it did before or for the first time. */
  | { readonly kind: "stored" }
  /** The alias named another organization before: that has to be purged. */
  | { readonly kind: "moved"; readonly from: string }
  /**
   * The canonical object knows of a purge that the entry is older than. `from` is the other organization that the alias
   * named before, which has to be purged as well; null if there is none.
   */
  | { readonly kind: "purged"; readonly latestPurge: number; readonly from: string | null };

interface AliasClaim {
  readonly organizationId: string;
  /** When the request began whose answer said so. */
  readonly requestedAt: number;
}

const NO_CLAIM: AliasClaim = { organizationId: "", requestedAt: Number.NEGATIVE_INFINITY };

export class AliasState {
  readonly #canonicalObject: (organizationId: string) => CanonicalObject;
  readonly #mirror: KvMirror;
  readonly #storage: SyncKvStorage;
  readonly #logDegraded: LogDegraded;
  /** The organizations that think that this object knows them to have the alias. Stored, as they store that. */
  readonly #claimants: Set<string>;
  #canonicalId: string | undefined;
  /** The organization that was last seen to have the alias, unless a later answer or a purge has ended that. */
  #claim = NO_CLAIM;

  /** What the alias named before the object was evicted is read from the mirror. */
  constructor(
    mirror: KvMirror,
    storage: SyncKvStorage,
    canonicalObject: (organizationId: string) => CanonicalObject,
    log: LogDegraded = logDegraded,
  ) {
    this.#logDegraded = log;
    this.#mirror = mirror;
    this.#storage = storage;
    this.#claimants = new Set(storage.get<string[]>(CLAIMANTS_KEY));
    this.#canonicalObject = canonicalObject;
    this.#canonicalId = mirror.aliasOf;
  }

  /** The ID of the organization that the alias names; undefined if it is unknown, or if the object's name is an ID. */
  get canonicalId(): string | undefined {
    return this.#canonicalId;
  }

  /** The organization that the alias names, or else the one that was last seen with it. */
  get owner(): string | undefined {
    return this.#canonicalId ?? (this.#claim.organizationId === "" ? undefined : this.#claim.organizationId);
  }

  /** Stytch knows nobody by the alias, or it was purged. */
  reset(): void {
    this.#canonicalId = undefined;
    this.#claim = NO_CLAIM;
  }

  /**
   * The entry that the canonical object holds; null if there is none or it does not answer in time: Stytch is asked
   * then.
   */
  async canonicalEntry(
    alias: string,
    reader: Pick<ReadRequest, "newestRequestedAt" | "minPurgeEpoch">,
  ): Promise<Entry | null> {
    if (this.#canonicalId === undefined) return null;
    const current = this.#canonicalObject(this.#canonicalId).current(alias, reader);
    return await withTimeout(PEER_TIMEOUT_MS, current).catch(() => null);
  }

  /**
   * Gives an answer of Stytch to the canonical object. The caller waits for this before it answers, so that a reader
   * who comes right after finds the entry there.
   */
  async handOver(alias: string, entry: Entry): Promise<HandOverResult> {
    const before = this.#canonicalId;
    const from = before === undefined || before === entry.organizationId ? null : before;
    this.#canonicalId = entry.organizationId;
    if (this.#claim.requestedAt < entry.requestedAt) this.#claim = NO_CLAIM;
    const othersEnded = this.#endOtherClaims(alias, entry);
    try {
      const stored = this.#canonicalObject(entry.organizationId).store(entry);
      const latestPurge = await withTimeout(PEER_TIMEOUT_MS, stored);
      if (latestPurge > entry.purgeEpoch) {
        // The purge ends what the alias names now, and the move what it named before.
        this.#canonicalId = from === null ? before : undefined;
        return { kind: "purged", latestPurge, from };
      }
    } catch (error) {
      // The answer is valid all the same; the next reader asks Stytch again.
      this.#logDegraded("organization_object", error);
    } finally {
      await othersEnded;
    }
    // In the meantime, the organization may have been seen without the alias. And Stytch may answer a text with an
    // organization that does not have it, for example in another case.
    const isStillNamed = this.#canonicalId === entry.organizationId;
    if (isStillNamed && hasIdentifier(entry, alias)) this.#mirror.mirrorAlias(alias, entry.organizationId);
    return from === null ? { kind: "stored" } : { kind: "moved", from };
  }

  /**
   * An organization was seen with the alias, or without it. If the alias no longer names what it did, it is unknown what
   * it names: returns the name that has to be purged, or else null.
   */
  applyChange(alias: string, organizationId: string, requestedAt: number, hasAlias: boolean): string | null {
    this.#setClaimant(organizationId, hasAlias);
    if (requestedAt >= this.#claim.requestedAt) {
      if (hasAlias) this.#claim = { organizationId, requestedAt };
      else if (this.#claim.organizationId === organizationId) this.#claim = NO_CLAIM;
    }
    const before = this.#canonicalId;
    if (before === undefined || hasAlias === (before === organizationId)) return null;
    this.#canonicalId = undefined;
    return hasAlias ? before : alias;
  }

  /**
   * Tells the organizations that told of the alias before that an answer gave it to another one. Never
   * rejects, and takes `PEER_TIMEOUT_MS` at most: one that fails or does not answer is told at the next answer.
   * No call if there is none, as at each refresh without a move.
   */
  async #endOtherClaims(alias: string, { requestedAt, organizationId }: Entry): Promise<void> {
    const others = [...this.#claimants].filter((claimant) => claimant !== organizationId);
    await Promise.all(
      others.map(async (other) => {
        // Before the call: during it, the other may tell of a newer answer that has the alias.
        this.#setClaimant(other, false);
        try {
          const left = this.#canonicalObject(other).aliasLeft(alias, requestedAt);
          await withTimeout(PEER_TIMEOUT_MS, left);
        } catch (error) {
          this.#setClaimant(other, true);
          this.#logDegraded("organization_object", error);
        }
      }),
    );
  }

  #setClaimant(organizationId: string, isClaimant: boolean): void {
    if (this.#claimants.has(organizationId) === isClaimant) return;
    if (isClaimant) this.#claimants.add(organizationId);
    else this.#claimants.delete(organizationId);
    if (this.#claimants.size === 0) this.#storage.delete(CLAIMANTS_KEY);
    else this.#storage.put(CLAIMANTS_KEY, [...this.#claimants]);
  }

  /**
   * True if another organization was seen with the alias since a request began that found `organizationId`, or null for
   * nobody's.
   */
  isContested(organizationId: string | null, requestedAt: number): boolean {
    return this.#claim.requestedAt >= requestedAt && this.#claim.organizationId !== organizationId;
  }
}
