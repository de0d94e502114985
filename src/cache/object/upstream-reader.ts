/**
 * Asks Stytch for the identifier of an Organization object, and applies the answer to what the object knows:
 *
 *   canonical object, if the alias is known → Stytch → entry: held here or handed over
 *                                                    → end: forgotten, here and in KV
 *                                                    → failure: back-off, and an older entry beside it
 */
import type { Config } from "../../config.ts";
import type { StytchClient } from "../../stytch/client.ts";
import { includesId } from "../../stytch/identifier.ts";
import type { Entry } from "../entry.ts";
import { type FetchedEntry, fetchEntry } from "../fetch-entry.ts";
import {
  asCollapsed,
  hiddenResult,
  isTransientFailure,
  type ReadFailure,
  type ReadRequest,
  type ReadResult,
} from "../object-messages.ts";
import type { AliasNotifier } from "./alias-notifier.ts";
import type { AliasState } from "./alias-state.ts";
import { type EndResult, type EntryState, isFreshEnough } from "./entry-state.ts";
import type { KvMirror } from "./kv-mirror.ts";

/** A request to Stytch. */
export interface UpstreamRequest {
  /** Its place among the requests and the reads of the object: a read with a lower number came before it. */
  readonly order: number;
  /** The latest purge that was known when it began. */
  readonly purgeEpoch: number;
  /** What Stytch answers. */
  readonly answered: Promise<Answer>;
  /** The same, when the object has taken it in: the canonical object has it then. */
  readonly applied: Promise<ReadResult>;
  isAnswered: boolean;
}

/** What came of a read. */
export interface UpstreamResult {
  readonly result: ReadResult;
  /** The latest purge that was known when it began. */
  readonly purgeEpoch: number;
}

interface Answer {
  readonly fetched: FetchedEntry;
  readonly requestedAt: number;
}

/** What the reader needs of its object. */
export interface UpstreamReaderHost {
  readonly state: EntryState;
  readonly mirror: KvMirror;
  readonly alias: AliasState;
  readonly notifier: AliasNotifier;
  readonly stytch: () => StytchClient;
  readonly cacheConfig: () => Config["cache"];
  readonly store: (entry: Entry) => Promise<unknown>;
  readonly recordPurgeInBackground: (name: string) => void;
  readonly recordPurgeOfOther: (organizationId: string) => void;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

export class UpstreamReader {
  readonly #host: UpstreamReaderHost;
  #lastOrder = 0;
  /** The latest request, until its answer is applied. */
  #request: UpstreamRequest | undefined;

  constructor(host: UpstreamReaderHost) {
    this.#host = host;
  }

  /** The place of a read that comes now. */
  nextOrder(): number {
    return ++this.#lastOrder;
  }

  /**
   * The entry of the canonical object, if the alias is known, or else the answer of Stytch. A failure of Stytch is
   * returned, not thrown. A caller who may not see the organization that Stytch answers does not wait until that is
   * handed over, since nobody does after a 404.
   */
  async fetch(identifier: string, request: ReadRequest): Promise<UpstreamResult> {
    const { latestSeen: purgeEpoch, latestPurge } = this.#host.state;
    const reader = { newestRequestedAt: request.newestRequestedAt, minPurgeEpoch: latestPurge };
    const canonical = await this.#host.alias.canonicalEntry(identifier, reader);
    if (canonical !== null && isFreshEnough(canonical, request.kind, Date.now(), this.#host.cacheConfig())) {
      return { result: { entry: canonical, origin: "held", call: null }, purgeEpoch };
    }
    const { request: asked, isNew } = await this.ask(identifier, () => true);
    const { fetched } = await asked.answered;
    if (
      fetched.entry !== undefined &&
      !includesId(request.visibleIds ?? null, fetched.entry.organizationId)
    ) {
      return { result: hiddenResult(isNew ? fetched.call : null), purgeEpoch: asked.purgeEpoch };
    }
    const applied = await asked.applied;
    const result = isNew ? applied : asCollapsed(applied, request);
    const canHide = result.entry === undefined && isTransientFailure(result.failure, identifier);
    return {
      result: canHide && canonical !== null ? { cached: canonical, ...result } : result,
      purgeEpoch: asked.purgeEpoch,
    };
  }

  /**
   * Joins the request that is under way, or makes one when that is answered: there is one at a time. `canJoin` says
   * whether it will do; one from before a purge of the name never does. Resolves when the request has begun.
   */
  async ask(
    identifier: string,
    canJoin: (request: UpstreamRequest) => boolean,
  ): Promise<{ readonly request: UpstreamRequest; readonly isNew: boolean }> {
    for (;;) {
      const request = this.#request;
      if (request !== undefined && request.purgeEpoch >= this.#host.state.latestPurge && canJoin(request))
        return { request, isNew: false };
      if (request === undefined || request.isAnswered)
        return { request: this.#start(identifier, this.#host.state.latestSeen), isNew: true };
      await request.answered;
    }
  }

  #start(identifier: string, purgeEpoch: number): UpstreamRequest {
    const answered = this.#fetchUncontested(identifier, purgeEpoch).finally(() => {
      request.isAnswered = true;
    });
    const applied = answered
      .then(async (answer) => await this.#apply(identifier, purgeEpoch, answer))
      .finally(() => {
        if (this.#request === request) this.#request = undefined;
      });
    const request: UpstreamRequest = {
      order: this.nextOrder(),
      purgeEpoch,
      answered,
      applied,
      isAnswered: false,
    };
    this.#request = request;
    // If the caller who started it leaves, it goes on for the others.
    this.#host.waitUntil(applied);
    return request;
  }

  async #apply(
    identifier: string,
    purgeEpoch: number,
    { fetched, requestedAt }: Answer,
  ): Promise<ReadResult> {
    const { entry, call } = fetched;
    if (entry !== undefined) {
      this.#host.state.endBackOff();
      if (entry.name === identifier) await this.#host.store(entry);
      else await this.#handOver(identifier, entry);
      return { entry, origin: "fetched", call };
    }
    if (!isTransientFailure(fetched.failure, identifier)) {
      this.#applyEnd(identifier, requestedAt, purgeEpoch, fetched.failure);
      return fetched;
    }
    // If the circuit let no call through, it also says when the next one may be made.
    if (call !== null) this.#host.state.applyTransientFailure(fetched, Date.now());
    const cached = this.#host.state.servableEntry(identifier, Date.now(), this.#host.cacheConfig());
    return cached === null ? fetched : { ...fetched, cached };
  }

  /** Asks Stytch, and once more if another organization was seen with the alias in the meantime. */
  async #fetchUncontested(identifier: string, purgeEpoch: number): Promise<Answer> {
    const requestedAt = this.#host.state.nextRequestTime(Date.now());
    const fetched = await fetchEntry(this.#host.stytch(), identifier, { requestedAt, purgeEpoch });
    const organizationId = organizationOf(fetched, identifier);
    if (organizationId === undefined || !this.#host.alias.isContested(organizationId, requestedAt)) {
      return { fetched, requestedAt };
    }
    const again = this.#host.state.nextRequestTime(Date.now());
    return {
      fetched: await fetchEntry(this.#host.stytch(), identifier, { requestedAt: again, purgeEpoch }),
      requestedAt: again,
    };
  }

  async #handOver(alias: string, entry: Entry): Promise<void> {
    const { state, mirror } = this.#host;
    const mayBeCached = state.hasEntry || mirror.mirroredAt !== undefined;
    state.applyHandOver(entry.requestedAt);
    // The name was the ID of an organization, and is now a slug or external ID of another.
    const wasId = mayBeCached && !state.hasEntry;
    if (wasId) mirror.clear(alias, "known");
    const result = await this.#host.alias.handOver(alias, entry);
    if (result.kind === "purged") state.observePurge(result.latestPurge);
    if (result.kind !== "stored" && result.from !== null) this.#host.recordPurgeOfOther(result.from);
    if (wasId) this.#host.recordPurgeInBackground(alias);
  }

  /** Stytch said that no organization has this identifier: the rows for 404 and 400 of the table in `entry-state.ts`. */
  #applyEnd(
    identifier: string,
    requestedAt: number,
    purgeEpoch: number,
    failure: ReadFailure["failure"],
  ): void {
    this.#host.state.endBackOff();
    const mayBeCached = this.#host.notifier.hasNotified || this.#host.mirror.mayExist === true;
    const end = { requestedAt, mayBeCached };
    let result: EndResult;
    if (failure === "not_found") {
      const until = Date.now() + this.#host.cacheConfig().negativeSeconds * 1_000;
      result = this.#host.state.applyNotFound(end, { until, purgeEpoch });
    } else result = this.#host.state.applyBadRequest(end);
    if (result === "ignored") return;
    this.#host.alias.reset();
    this.#host.mirror.clear(identifier, "known");
    this.#host.notifier.clear();
    if (result === "purge_due") this.#host.recordPurgeInBackground(identifier);
  }
}

/** The organization that an answer names: null if Stytch knows none, undefined if Stytch said nothing about it. */
function organizationOf(fetched: FetchedEntry, identifier: string): string | null | undefined {
  if (fetched.entry !== undefined) return fetched.entry.organizationId;
  return isTransientFailure(fetched.failure, identifier) ? undefined : null;
}
