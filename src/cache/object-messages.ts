/** A read of an organization's object: what its caller wants, and what it answers. */
import type { UpstreamCall } from "../log.ts";
import type { StytchFailure } from "../stytch/parse-response.ts";
import type { Entry } from "./entry.ts";

/** What the caller of an object has, and wants. */
export interface ReadRequest {
  readonly kind: ReadKind;
  /** When the upstream request began of the newest entry that the caller has; null for none. */
  readonly newestRequestedAt: number | null;
  /** It has seen an entry, in KV or in its memory; then an end must reach both. */
  readonly hasSeenEntry: boolean;
  /** An answer has to be younger than the purge of this number. */
  readonly minPurgeEpoch: number;
  /** The latest purge of anything that the caller has heard of. */
  readonly latestSeen: number;
}

type ReadKind =
  /** An answer, for somebody who waits; it may be stale. */
  | "answer"
  /** A newer one than the stale entry that somebody was answered from. */
  | "refresh"
  /** A read of Stytch that begins after this was asked for, whatever is held. */
  | "forced";

/** How an object came by the entry that it answers. */
export type Origin =
  /** It held it. */
  | "held"
  /** It asked Stytch. */
  | "fetched"
  /** It was asking Stytch already. */
  | "collapsed";

export interface ReadFailure {
  readonly entry?: never;
  readonly failure: StytchFailure;
  /** An older entry, which may hide the failure. */
  readonly cached?: Entry;
  readonly call: UpstreamCall | null;
  readonly detail?: string;
}

export type ReadResult =
  | { readonly entry: Entry; readonly origin: Origin; readonly call: UpstreamCall | null }
  | ReadFailure;

/** Whether an older entry may hide this failure: Stytch failed, and said nothing of the organization. */
export function isTransientFailure(failure: StytchFailure): boolean {
  if (failure === "not_found") return false;
  switch (failure.type) {
    case "upstream_invalid_response":
    case "upstream_rate_limited":
    case "upstream_timeout":
    case "upstream_unavailable":
      return true;
    default:
      return false;
  }
}

/** As it is for those who waited for another's upstream request. A refresh that did has nothing to tell of it. */
export function asCollapsed(read: ReadResult, { kind }: ReadRequest): ReadResult {
  const call = kind === "refresh" ? null : read.call;
  if (read.entry === undefined) return { ...read, call };
  return { ...read, call, origin: read.origin === "fetched" ? "collapsed" : read.origin };
}
