/** The messages between an isolate and an Organization object: what a read asks for, and what it returns. */
import type { UpstreamCall } from "../log.ts";
import { includesId } from "../stytch/identifier.ts";
import type { StytchFailure } from "../stytch/parse-response.ts";
import type { Entry } from "./entry.ts";
import { isBadRequestAbout } from "./resource.ts";

export interface ReadRequest {
  readonly kind: ReadKind;
  /** `requestedAt` of the newest entry that the caller has; null if it has none. */
  readonly newestRequestedAt: number | null;
  /** The caller has an entry from KV or from its memory. If Stytch says that it is gone, KV must be cleared. */
  readonly hasSeenEntry: boolean;
  /** An entry is accepted only if its `purgeEpoch` is at least this. */
  readonly minPurgeEpoch: number;
  /** The sequence number of the latest purge that the caller has heard of, of any name. */
  readonly latestSeen: number;
  /** The organizations that the caller may see; any if it is null or left out. */
  readonly visibleIds?: readonly string[] | null;
}

/** Why an object is read. */
export type ReadKind =
  /** A caller waits for an entry; a stale one will do. */
  | "answer"
  /**
   * Stale-while-revalidate (RFC 5861): the caller was served a stale entry, and a fresh one is fetched in the
   * background.
   */
  | "refresh"
  /** The caller demands an upstream request that starts after this read, whatever is cached. */
  | "forced";

/** How an object came by the entry that it returns. */
export type Origin =
  /** From its memory, or from that of the canonical object. */
  | "held"
  /** From an upstream request that this read started. */
  | "fetched"
  /** From an upstream request that was in flight already (request coalescing). */
  | "collapsed";

export interface ReadFailure {
  readonly entry?: never;
  /** `hidden`: the caller may not see the organization. It is told what a 404 tells, and nothing has ended. */
  readonly failure: StytchFailure | "hidden";
  /** An older entry that may hide the failure (stale-if-error, RFC 5861). */
  readonly cached?: Entry;
  /** Null if Stytch was not asked. */
  readonly call: UpstreamCall | null;
  readonly detail?: string;
}

export type ReadResult =
  | { readonly entry: Entry; readonly origin: Origin; readonly call: UpstreamCall | null }
  | ReadFailure;

/**
 * True if Stytch said nothing about what has this name, so that an older entry may hide the failure: Stytch failed, or it
 * refused Postern itself. Only a 404 or 400 about it, or about its organization, is not transient. A 400 about something
 * else, such as a member, is.
 */
export function isTransientFailure(failure: ReadFailure["failure"], name: string): boolean {
  if (typeof failure === "string") return false;
  return failure.type !== "upstream_bad_request" || !isBadRequestAbout(name, failure.errorType);
}

/** The read of an object by itself, after it has served a stale entry. */
export const refreshOf = ({ requestedAt }: Entry): ReadRequest => ({
  kind: "refresh",
  newestRequestedAt: requestedAt,
  hasSeenEntry: false,
  minPurgeEpoch: 0,
  latestSeen: 0,
});

/** The result for a caller who may see these organizations alone. */
export function asVisible(result: ReadResult, visibleIds: readonly string[] | null): ReadResult {
  const entry = result.entry ?? result.cached;
  if (entry === undefined || includesId(visibleIds, entry.organizationId)) return result;
  if (result.entry !== undefined) return hiddenResult(result.call);
  const { cached: _, ...failure } = result;
  return failure;
}

/** `call`: the upstream call that found the organization; null if Stytch was not asked. */
export function hiddenResult(call: UpstreamCall | null): ReadFailure {
  return { failure: "hidden", call, ...(call === null ? {} : { detail: "hidden from the key" }) };
}

/**
 * The result for a caller who waited for another caller's upstream request. For a background refresh the call is left
 * out: the caller who started it logs it.
 */
export function asCollapsed(result: ReadResult, { kind }: ReadRequest): ReadResult {
  const call = kind === "refresh" ? null : result.call;
  if (result.entry === undefined) return { ...result, call };
  return { ...result, call, origin: result.origin === "fetched" ? "collapsed" : result.origin };
}
