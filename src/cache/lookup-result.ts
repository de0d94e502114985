/** What a lookup finds, and how good it is. */
import type { Failure } from "../errors.ts";
import type { Entry } from "./entry.ts";

/** Where an answer came from. */
export type AnswerSource =
  /** The memory of the isolate, or that of the Organization object. */
  | "memory"
  | "kv"
  /** An upstream request that this lookup caused. */
  | "fetched"
  /** An upstream request of another lookup, for which this one waited (request coalescing). */
  | "collapsed"
  /** An upstream request that the caller demanded (`Postern-Cache: refresh`). */
  | "requested"
  /** An upstream request that another caller demanded at the same time. */
  | "requested_collapsed";

export interface FoundEntry {
  readonly entry: Entry;
  readonly source: AnswerSource;
  /**
   * False if the entry does not have the identifier itself: then it is not found by it again, and Stytch is asked each
   * time.
   */
  readonly isStored: boolean;
  /** Stytch failed, and this is served in place of the failure (stale-if-error). */
  readonly hidesFailure?: true;
}

/** Not a `Result`: this is returned for every hit, and a wrapper would cost each an object more. */
export type LookupResult =
  | (FoundEntry & { readonly failure?: never })
  | { readonly entry?: never; readonly failure: Failure | "not_found" };

/** The best entry of memory and KV. */
export interface CachedCandidate {
  readonly entry: Entry;
  readonly source: "memory" | "kv";
  /**
   * True if KV has shown it or could not be asked: it may be served while fresh or stale. Otherwise it only hides a
   * failure.
   */
  readonly isConfirmed: boolean;
}
