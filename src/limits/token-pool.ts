/**
 * The isolate's side of a limit: the tokens that it holds, and what the key's object said last. No I/O.
 *
 *   a call of the key                        what happens
 *   the pool holds a token                   taken; if tokens run low, more are prefetched in the background
 *   none held, none to be had yet            refused, until the bucket can have one
 *   none held, enough are being prefetched   wait for them
 *   none held                                ask the object for a token first
 *   none held, and the object fails          take one from what the object said was left
 *
 * The invariant and every constant: README.md.
 */
import { Waiters } from "../platform/waiters.ts";
import { type Limit, refill, tokensIn } from "./bucket.ts";
import {
  type BucketSnapshot,
  createSnapshot,
  nextSnapshot,
  takeFromSnapshot,
  withUnknownConsumers,
} from "./bucket-snapshot.ts";
import { CallRate } from "./call-rate.ts";
import {
  type Demand,
  desiredTokens,
  grantSize,
  prefetchThreshold,
  spentInRoundTrip,
} from "./grant-policy.ts";
import type { TokenRequest, TokenResponse } from "./messages.ts";
import { type Quota, quotaOf, refusedQuota } from "./rate-limit-headers.ts";
import { TokenQueue } from "./token-queue.ts";

interface HeldGrant {
  readonly id: number;
  left: number;
  readonly requestedAt: number;
  /** From then on, the next request returns what is left. */
  readonly returnAt: number;
  readonly until: number;
}

/** A request that the object has not answered yet. */
export interface PendingRequest {
  readonly message: TokenRequest;
  readonly requestedAt: number;
  readonly isProbe: boolean;
}
type Sender = Pick<TokenRequest, "isolateId" | "ttlMs" | "needsToken" | "alsoWaiting">;

export interface RequestOptions extends Sender {
  /**
   * Whether the call that waits has been authorized, and so counts against the number of calls that may ask after a
   * refusal. Others must not: a caller from a forbidden address would keep allowed ones waiting.
   */
  readonly isProbe: boolean;
}

/** A request without a response for so long, in ms, gets none: its request was stopped. */
const RESPONSE_TIMEOUT_MS = 2_000;

/** How long a request usually travels at most, in ms. */
const MAX_TRANSIT_MS = 500;

/** How much a new round trip weighs in the moving average. */
const ROUND_TRIP_WEIGHT = 1 / 4;

/** A prefetch that takes this many times as long as usual is no longer awaited. */
const PREFETCH_PATIENCE = 2;

export class TokenPool {
  #snapshot: BucketSnapshot;
  /** The oldest first. */
  #grants: HeldGrant[] = [];
  readonly #callRate = new CallRate();
  /** A moving average. */
  #roundTripMs = 0;
  /** When each call that waits for a token of its own asked; the oldest first. */
  readonly #probes: number[] = [];
  /** The prefetch under way, and how many of the tokens that it will bring no call waits for. */
  #prefetch: { readonly since: number; unclaimed: number } | null = null;
  /** Calls that wait for the prefetch, notified when it has ended. */
  readonly prefetchEnded = new Waiters();
  readonly queue = new TokenQueue();

  constructor(limit: Limit, now: number) {
    this.#snapshot = createSnapshot(limit, now);
  }

  /** Counts a call of the key, admitted or not. */
  recordCall(now: number): void {
    this.#callRate.record(now);
  }

  /**
   * Takes a token, or says what to do instead: refuse the call, wait for `prefetchEnded` and try again, or ask the
   * object. A call that has waited once does not wait again (`mayWait`).
   */
  tryTake(now: number, mayWait = true): "taken" | "refused" | "wait" | "ask" {
    if (this.takeHeld(now)) return "taken";
    if (this.#isKnownEmpty(now)) return "refused";
    return mayWait && this.#reservePrefetched(now) ? "wait" : "ask";
  }

  /** Takes a token that the isolate holds, if there is one. */
  takeHeld(now: number): boolean {
    for (const grant of this.#grants) {
      if (grant.left === 0 || !isValid(grant, now)) continue;
      grant.left -= 1;
      return true;
    }
    return false;
  }

  /** While the object fails: takes a token of what it said was left and of what has refilled since. */
  takeLocally(now: number): boolean {
    const { snapshot, granted } = takeFromSnapshot(this.#snapshot, now);
    this.#snapshot = snapshot;
    return granted;
  }

  available(now: number): number {
    let total = 0;
    for (const grant of this.#grants) if (isValid(grant, now)) total += grant.left;
    return total;
  }

  /** `isCurrent`: the object has just said what is left. */
  quota(now: number, isCurrent: boolean): Quota {
    return quotaOf(this.#snapshot, this.available(now), now, isCurrent);
  }

  refusedQuota(now: number): Quota {
    return refusedQuota(this.#snapshot, now);
  }

  /** How old the object's last word is, in ms; negative if the clock went back since. */
  ageMs(now: number): number {
    return now - this.#snapshot.at;
  }

  /** How long to wait for `prefetchEnded` at most, in ms. */
  prefetchTimeoutMs(now: number): number {
    return this.#prefetch === null ? 0 : this.#prefetch.since + PREFETCH_PATIENCE * this.#roundTripMs - now;
  }

  /** Whether to ask the object in the background, for more tokens or to return some. */
  shouldPrefetch(now: number): boolean {
    if (this.#isPrefetching(now)) return false;
    // Unused tokens go back, for others to take.
    for (const { left, returnAt } of this.#grants) if (left > 0 && now >= returnAt) return true;
    const held = this.available(now);
    const { level, limit, isRefusing, retryAt } = this.#snapshot;
    // Spent tokens keep their places in the bucket until they are reported, and calls are being refused meanwhile.
    if (isRefusing && held === 0 && this.#grants.length > 0) return true;
    return now >= retryAt && held < prefetchThreshold(this.#demand(now), tokensIn(level, limit), limit);
  }

  /** The request to send to the object now. It returns grants that are used up or past half of their TTL. */
  createRequest(now: number, { isProbe, ...sender }: RequestOptions): PendingRequest {
    const isDone = ({ left, returnAt }: HeldGrant) => left === 0 || now >= returnAt;
    const returned = this.#grants.filter(isDone).map(({ id, left }) => ({ id, unused: left }));
    this.#grants = this.#grants.filter((grant) => !isDone(grant));
    const demand = this.#demand(now);
    const held = this.available(now) - Math.floor(spentInRoundTrip(demand));
    const missing = desiredTokens(demand, this.#snapshot.limit) - held;
    const prefetch = this.#isPrefetching(now) ? 0 : Math.max(0, missing);
    if (prefetch > 0) this.#prefetch = { since: now, unclaimed: this.#expectedGrant(prefetch, held, now) };
    if (isProbe) this.#probes.push(now);
    return { message: { ...sender, prefetch, held, returned }, requestedAt: now, isProbe };
  }

  applyResponse(request: PendingRequest, response: TokenResponse, now: number): void {
    const { requestedAt, message } = request;
    const { ttlMs } = message;
    if (response.grant !== null) {
      const { id, tokens } = response.grant;
      const returnAt = requestedAt + ttlMs / 2;
      this.#grants.push({ id, left: tokens, requestedAt, returnAt, until: requestedAt + ttlMs });
    }
    this.#roundTripMs += (Math.max(0, now - requestedAt) - this.#roundTripMs) * ROUND_TRIP_WEIGHT;
    const { alsoWaiting = 0 } = message;
    const wasRefused = response.granted === false || (response.alsoGranted ?? alsoWaiting) < alsoWaiting;
    this.#snapshot = nextSnapshot(this.#snapshot, response, wasRefused, requestedAt, ttlMs, now);
    this.#end(request);
  }

  /** The object did not respond: it may have acted on the request or not. */
  requestFailed(request: PendingRequest): void {
    this.#snapshot = withUnknownConsumers(this.#snapshot);
    this.#end(request);
  }

  #end({ message, requestedAt, isProbe }: PendingRequest): void {
    const index = isProbe ? this.#probes.indexOf(requestedAt) : -1;
    if (index >= 0) this.#probes.splice(index, 1);
    if (message.prefetch === 0) return;
    this.#prefetch = null;
    this.prefetchEnded.notifyAll();
  }

  /**
   * Whether the object has said that there is no token. Once there can be one again after a refusal, only as many calls
   * ask as there can be tokens, and the others are refused as before.
   */
  #isKnownEmpty(now: number): boolean {
    const { retryAt, requestedAt, isRefusing, limit } = this.#snapshot;
    // If the clock went back behind the request, the snapshot says nothing about now.
    if (now < retryAt) return now >= requestedAt;
    if (!isRefusing) return false;
    const { level } = refill(this.#snapshot, limit, now + MAX_TRANSIT_MS);
    return this.#pendingProbes(now) >= Math.max(1, tokensIn(level, limit));
  }

  /** Drops the probes of requests that were stopped, which never end. */
  #pendingProbes(now: number): number {
    const isLost = (since: number) => now < since || now - since >= RESPONSE_TIMEOUT_MS;
    while (this.#probes[0] !== undefined && isLost(this.#probes[0])) this.#probes.shift();
    return this.#probes.length;
  }

  /** Reserves one of the tokens that the prefetch under way will bring. */
  #reservePrefetched(now: number): boolean {
    if (this.#prefetch === null || this.#prefetch.unclaimed < 1) return false;
    if (!this.#isPrefetching(now) || this.prefetchTimeoutMs(now) <= 0) return false;
    this.#prefetch.unclaimed -= 1;
    return true;
  }

  #isPrefetching(now: number): boolean {
    if (this.#prefetch === null) return false;
    const { since } = this.#prefetch;
    return now >= since && now - since < RESPONSE_TIMEOUT_MS;
  }

  /** How many tokens the object will grant, by what it said last. */
  #expectedGrant(prefetch: number, held: number, now: number): number {
    const { limit, soleConsumerUntil } = this.#snapshot;
    const left = tokensIn(refill(this.#snapshot, limit, now).level, limit);
    return grantSize(prefetch, held, left, limit, now < soleConsumerUntil);
  }

  #demand(now: number): Demand {
    const ratePerSecond = this.#callRate.perSecond(now);
    return { ratePerSecond, roundTripMs: this.#roundTripMs, ttlMs: this.#snapshot.ttlMs };
  }
}

/** A grant from the future is from before the clock went back, so its age is unknown. */
const isValid = ({ requestedAt, until }: HeldGrant, now: number) => requestedAt <= now && now < until;
