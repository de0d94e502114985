/** What an isolate and a key's object tell each other about tokens. It goes along with the request for a lease. */
import type { Limit } from "./bucket.ts";

export interface TokenRequest {
  /** The isolate that asks. */
  readonly isolateId: string;
  /** How long the isolate spends the tokens of a grant, in ms from when it sends this. */
  readonly ttlMs: number;
  /** Whether a call waits for a token of its own. */
  readonly needsToken: boolean;
  /** How many more calls of the isolate wait for one: none if that call does not. Absent from an earlier version. */
  readonly alsoWaiting?: number;
  /** How many tokens the isolate wants for later calls. */
  readonly prefetch: number;
  /** How many it will hold when the response arrives; negative if calls will be waiting by then. */
  readonly held: number;
  /** Grants that the isolate no longer spends, and how many tokens of each are unused. */
  readonly returned: readonly { readonly id: number; readonly unused: number }[];
}

export interface TokenResponse {
  /** The limit that the object enforces; it may be newer than that of the isolate's lease. */
  readonly limit: Limit;
  /** Whether the waiting call has its token; null if the object was not asked for one. */
  readonly granted: boolean | null;
  /** How many of the calls that also wait have theirs. Absent from an object of an earlier version. */
  readonly alsoGranted?: number;
  readonly grant: { readonly id: number; readonly tokens: number } | null;
  /** Orders responses: the one with the higher number was decided later. */
  readonly sequence: number;
  /** What is left in the bucket, in its units. */
  readonly level: number;
  /** How long until the bucket is full, in ms, if nobody takes or returns a token. */
  readonly msUntilFull: number;
  /** True if no other isolate took a token for two grant TTLs, so `level` stays accurate for a while. */
  readonly isSoleConsumer: boolean;
}
