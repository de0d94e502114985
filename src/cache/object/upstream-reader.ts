/**
 * Asks Stytch for the identifier of an Organization object, and applies the answer to what the object knows:
 *
 *   canonical object, if the alias is known → Stytch → entry: held here or handed over
 *                                                    → end: forgotten, here and in KV
 *                                                    → failure: back-off, and an older entry beside it
 */
import type { Config } from "../../config.ts";
import type { StytchClient } from "../../stytch/client.ts";
import type { Entry } from "../entry.ts";
import { type FetchedEntry, fetchEntry } from "../fetch-entry.ts";
import {
  isTransientFailure,
  type ReadFailure,
  type ReadRequest,
  type ReadResult,
} from "../object-messages.ts";
import type { AliasNotifier } from "./alias-notifier.ts";
import type { AliasState } from "./alias-state.ts";
import { type EndResult, type EntryState, isFreshEnough } from "./entry-state.ts";
import type { KvMirror } from "./kv-mirror.ts";

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
}

export class UpstreamReader {
  readonly #host: UpstreamReaderHost;

  constructor(host: UpstreamReaderHost) {
    this.#host = host;
  }

  /**
   * A failure of Stytch is returned, not thrown. `purgeEpoch` is the latest purge that was known when the request was
   * decided on.
   */
  async fetch(identifier: string, request: ReadRequest, purgeEpoch: number): Promise<ReadResult> {
    const reader = {
      newestRequestedAt: request.newestRequestedAt,
      minPurgeEpoch: this.#host.state.latestPurge,
    };
    const canonical =
      request.kind === "forced" ? null : await this.#host.alias.canonicalEntry(identifier, reader);
    if (canonical !== null && isFreshEnough(canonical, request.kind, Date.now(), this.#host.cacheConfig())) {
      return { entry: canonical, origin: "held", call: null };
    }
    const { fetched, requestedAt } = await this.#fetchUncontested(identifier, purgeEpoch);
    const { entry, call } = fetched;
    if (entry !== undefined) {
      this.#host.state.endBackOff();
      if (entry.organizationId === identifier) await this.#host.store(entry);
      else await this.#handOver(identifier, entry);
      return { entry, origin: "fetched", call };
    }
    if (!isTransientFailure(fetched.failure)) {
      this.#applyEnd(identifier, requestedAt, purgeEpoch, fetched.failure);
      return fetched;
    }
    // If the circuit let no call through, it also says when the next one may be made.
    if (call !== null) this.#host.state.applyTransientFailure(fetched, Date.now());
    const cached =
      this.#host.state.servableEntry(identifier, Date.now(), this.#host.cacheConfig()) ?? canonical;
    return cached === null ? fetched : { ...fetched, cached };
  }

  /** Asks Stytch, and once more if another organization was seen with the alias in the meantime. */
  async #fetchUncontested(
    identifier: string,
    purgeEpoch: number,
  ): Promise<{ readonly fetched: FetchedEntry; readonly requestedAt: number }> {
    const requestedAt = this.#host.state.nextRequestTime(Date.now());
    const fetched = await fetchEntry(this.#host.stytch(), identifier, { requestedAt, purgeEpoch });
    const organizationId = organizationOf(fetched);
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
    const { state, mirror, notifier } = this.#host;
    state.applyHandOver(entry.requestedAt);
    // The name was the ID of an organization, and is now a slug or external ID of another.
    const wasId = mirror.mirroredAt !== undefined && !state.hasEntry;
    if (wasId) {
      mirror.clear(alias, "known");
      notifier.clear();
    }
    const result = await this.#host.alias.handOver(alias, entry);
    if (result.kind === "purged") state.observePurge(result.latestPurge);
    if (result.kind === "moved" || wasId) this.#host.recordPurgeInBackground(alias);
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
function organizationOf(fetched: FetchedEntry): string | null | undefined {
  if (fetched.entry !== undefined) return fetched.entry.organizationId;
  return isTransientFailure(fetched.failure) ? undefined : null;
}
