/**
 * What an isolate holds of a key's tokens: those granted to it, and what the key's object said last of the bucket. Plain data, and no I/O.
 *
 *   a call of the key          what happens
 *   a token in hand            it is spent; where those left would not last until there is an answer, more are asked for behind this one
 *   none in hand, but enough   they are waited for
 *   on their way
 *   none in hand               the object is asked first
 *   none, and the bucket was   it is refused, until there can be one
 *   found empty
 *   none, and the object       it is counted here, by the bucket that the object spoke of last
 *   fails
 *
 * All times are of this isolate's clock, and what is told of the bucket is dated so that the isolate errs on the side of less and later.
 */
import {
  type Bucket,
  fullBucket,
  type Limit,
  msUntilFull,
  msUntilToken,
  refill,
  takeToken,
  tokensIn,
} from "./bucket.ts";
import {
  grantSize,
  isScarce,
  maxHeld,
  maxHeldMs,
  type TokenRequest,
  type TokenResponse,
} from "./bucket-ledger.ts";
import { type CallRate, NO_CALLS, ratePerSecond, recordCall } from "./call-rate.ts";

export interface TokenPool {
  limit: Limit;
  /** The oldest first. */
  grants: Held[];
  /** What was left in the bucket besides, as of when that was heard. */
  bucket: Bucket;
  /** Of the answer that said so, and when it was asked for. */
  number: number;
  askedAt: number;
  /** How long a grant lasts. */
  lifeMs: number;
  /** Until when nobody else is known to take any of it; `askedAt` where somebody may. */
  aloneUntil: number;
  /** When the whole quota will be there, if nobody takes anything. */
  wholeAt: number;
  /** Until when there is none to be had. */
  emptyUntil: number;
  /** Whether a call was refused, and little has been left ever since. */
  saturated: boolean;
  demand: CallRate;
  /** Since when each call waits that the object was asked for. */
  readonly waiting: number[];
  /** When more was asked for, and no answer has come. */
  askingSince: number | null;
  /** How many of what that answer will bring no call waits for. */
  unclaimed: number;
  /** How long the object takes to answer, in ms: of the answers so far, the latest a quarter. */
  answerMs: number;
}

interface Held {
  readonly id: number;
  left: number;
  readonly askedAt: number;
  /** From when on what is left is given back with the next question. */
  readonly oldAt: number;
  readonly until: number;
}

/** By key ID; the one told longest ago goes first. */
export type TokenPools = Map<string, TokenPool>;

const MAX_TOKEN_POOLS = 5_000;

/** A question that has not been answered for so long, in ms, never will. */
export const RESPONSE_TIMEOUT_MS = 2_000;

/** How long a question is on its way for at most, usually, in ms. */
const TRANSIT_MS = 500;

export function available({ grants }: TokenPool, now: number): number {
  return grants.reduce((total, held) => total + (isGood(held, now) ? held.left : 0), 0);
}

/** One from the future is of a clock that has gone back since: it says nothing of how old it is. */
const isGood = ({ askedAt, until }: Held, now: number) => askedAt <= now && now < until;

/** Counts a call of the key in this isolate, admitted or not. */
export function countCall(allowance: TokenPool, now: number): void {
  allowance.demand = recordCall(allowance.demand, now);
}

/** Spends a token in hand, if there is one. */
export function takeHeld(allowance: TokenPool, now: number): boolean {
  const held = allowance.grants.find((one) => one.left > 0 && isGood(one, now));
  if (held !== undefined) held.left -= 1;
  return held !== undefined;
}

/**
 * Whether the object has said that there is no token. After a refusal, as many calls ask again, when the time that it named is over, as there
 * can be tokens; where calls go on coming, one alone, until it knows: many isolates wait for the same ones. The others are refused as before.
 */
export function isKnownEmpty(allowance: TokenPool, now: number): boolean {
  const { emptyUntil, askedAt, saturated, limit, bucket } = allowance;
  if (now < emptyUntil) return now >= askedAt;
  if (!saturated) return false;
  const waiting = pendingWaiters(allowance, now);
  const since = isRequestPending(allowance, now) ? allowance.askingSince : (waiting.at(-1) ?? null);
  const wasEmpty = tokensIn(bucket.level, limit) === 0;
  if (wasEmpty && since !== null && since - emptyUntil < refusalPauseMs(limit)) return true;
  return waiting.length >= Math.max(1, tokensIn(refill(bucket, limit, now + TRANSIT_MS).level, limit));
}

/**
 * Whether to ask the object behind the answer: what is in hand would not last until there is more, or for half of the time that it should. And where
 * calls are refused, as soon as all is spent: it keeps its place in the bucket until that is told.
 */
export function shouldPrefetch(allowance: TokenPool, now: number, held = available(allowance, now)): boolean {
  if (isRequestPending(allowance, now)) return false;
  const { bucket, limit, grants, saturated, emptyUntil } = allowance;
  if (saturated && held === 0 && grants.length > 0) return true;
  if (now < emptyUntil) return false;
  const most = Math.min(desiredTokens(allowance, now), maxHeld(tokensIn(bucket.level, limit), limit));
  return held < Math.max(Math.floor(most) / 2, 1.25 * spentBeforeResponse(allowance, now));
}

/** Whether a token that is on its way is for this call, which waits for it rather than ask for one of its own. */
export function reservePrefetched(allowance: TokenPool, now: number): boolean {
  if (allowance.unclaimed < 1 || !isPrefetchPending(allowance, now)) return false;
  allowance.unclaimed -= 1;
  return true;
}

/** Whether an answer that brings more is awaited still: one that takes twice as long as usual is not. */
export function isPrefetchPending(allowance: TokenPool, now: number): boolean {
  const { askingSince, answerMs } = allowance;
  return askingSince !== null && isRequestPending(allowance, now) && now - askingSince < 2 * answerMs;
}

/** How long to wait before looking whether an answer has come, in ms. */
export const pollIntervalMs = ({ answerMs }: TokenPool) => Math.ceil(Math.min(50, Math.max(5, answerMs / 8)));

/**
 * What to ask the object, as of now, for a token of a call that waits (`own`), or for none. Grants that are used up, or half over, are in hand no
 * more.
 */
export function createRequest(
  allowance: TokenPool | undefined,
  { isolateId, ttlMs, needsToken }: Pick<TokenRequest, "isolateId" | "ttlMs" | "needsToken">,
  now: number,
): TokenRequest {
  if (allowance === undefined) return { isolateId, ttlMs, needsToken, prefetch: 0, held: 0, returned: [] };
  const isDone = ({ left, oldAt }: Held) => left === 0 || now >= oldAt;
  const returned = allowance.grants.filter(isDone).map(({ id, left }) => ({ id, unused: left }));
  allowance.grants = allowance.grants.filter((one) => !isDone(one));
  const held = available(allowance, now) - Math.floor(spentBeforeResponse(allowance, now));
  const prefetch = isRequestPending(allowance, now) ? 0 : Math.max(0, desiredTokens(allowance, now) - held);
  if (prefetch > 0) {
    allowance.askingSince = now;
    allowance.unclaimed = expectedGrant(allowance, prefetch, held, now);
  }
  return { isolateId, ttlMs, needsToken, prefetch, held, returned };
}

/** That a call which has been let in waits for the object from now on. */
export function addWaiter(allowance: TokenPool, now: number): void {
  pendingWaiters(allowance, now);
  allowance.waiting.push(now);
}

/** That a question has been answered, or never will be. */
export function requestEnded(
  allowance: TokenPool,
  { prefetch }: TokenRequest,
  askedAt: number,
  waited: boolean,
): void {
  if (prefetch > 0) allowance.askingSince = null;
  const index = waited ? allowance.waiting.indexOf(askedAt) : -1;
  if (index >= 0) allowance.waiting.splice(index, 1);
}

/** That a question has not been answered: whatever it was, the object may have taken it in. */
export function requestFailed(allowance: TokenPool): void {
  allowance.aloneUntil = allowance.askedAt;
}

/** Takes in what the object answered; null where the key has no limit. */
export function applyResponse(
  allowances: TokenPools,
  keyId: string,
  answer: TokenResponse | null,
  lifeMs: number,
  askedAt: number,
  now: number,
): void {
  const before = allowances.get(keyId);
  allowances.delete(keyId);
  if (answer === null) return;
  const allowance = before ?? createTokenPool(answer.limit, now);
  storePool(allowances, keyId, allowance);

  const { grant, limit, level } = answer;
  if (grant !== null) {
    allowance.grants.push({
      id: grant.id,
      left: grant.tokens,
      askedAt,
      oldAt: askedAt + lifeMs / 2,
      until: askedAt + lifeMs,
    });
  }
  allowance.answerMs += (Math.max(0, now - askedAt) - allowance.answerMs) / 4;
  // Answers may come out of order.
  if (before !== undefined && answer.sequence < before.number) return;
  const waitMs = msUntilToken(level, limit);
  const left = tokensIn(level, limit);
  allowance.saturated =
    answer.granted === false || (allowance.saturated && (left === 0 || isScarce(left, limit)));
  allowance.limit = limit;
  allowance.bucket = { level, at: now };
  allowance.number = answer.sequence;
  allowance.wholeAt = now + answer.msUntilFull;
  allowance.askedAt = askedAt;
  allowance.lifeMs = lifeMs;
  allowance.aloneUntil = answer.isSoleConsumer ? askedAt + lifeMs : askedAt;
  allowance.emptyUntil =
    waitMs === 0
      ? askedAt
      : allowance.saturated
        ? now + Math.max(waitMs, refusalPauseMs(limit))
        : askedAt + waitMs;
}

/** While the object fails: a token of what it said was left, and of what has come in since. */
export function takeLocally(allowance: TokenPool, now: number): boolean {
  const { bucket, granted } = takeToken(allowance.bucket, allowance.limit, now);
  allowance.bucket = bucket;
  allowance.wholeAt = now + msUntilFull(bucket.level, allowance.limit);
  return granted;
}

export function storePool(allowances: TokenPools, keyId: string, allowance: TokenPool): void {
  allowances.set(keyId, allowance);
  const [oldest] = allowances.keys();
  if (allowances.size > MAX_TOKEN_POOLS && oldest !== undefined) allowances.delete(oldest);
}

export function createTokenPool(limit: Limit, now: number): TokenPool {
  return {
    limit,
    grants: [],
    bucket: fullBucket(limit, now),
    number: 0,
    askedAt: now,
    lifeMs: 0,
    aloneUntil: now,
    wholeAt: now,
    emptyUntil: now,
    saturated: false,
    demand: NO_CALLS,
    waiting: [],
    askingSince: null,
    unclaimed: 0,
    answerMs: 0,
  };
}

/**
 * How long to leave the object alone after a refusal, in ms, so that one question is for many tokens: an eighth of the period at most, in which the
 * bucket does not overflow. Tokens that come more slowly than that are waited for one by one.
 */
function refusalPauseMs(limit: Limit): number {
  const ms = Math.min(1_000, limit.period_seconds * 125);
  return msUntilToken(0, limit) < ms ? ms : 0;
}

function desiredTokens({ demand, answerMs, lifeMs, limit }: TokenPool, now: number): number {
  const ms = Math.min(limit.period_seconds * 250 + answerMs, maxHeldMs(limit), lifeMs * 0.4);
  return Math.floor((ratePerSecond(demand, now) * ms) / 1_000);
}

/** What is spent until the object has answered. */
function spentBeforeResponse({ demand, answerMs }: TokenPool, now: number): number {
  return (ratePerSecond(demand, now) * answerMs) / 1_000;
}

/** What the object will grant, by what it said last. */
function expectedGrant(allowance: TokenPool, more: number, held: number, now: number): number {
  const { bucket, limit, aloneUntil } = allowance;
  return grantSize(more, held, tokensIn(refill(bucket, limit, now).level, limit), limit, now < aloneUntil);
}

/** Without those that were cut off with their requests, and are never answered. */
function pendingWaiters({ waiting }: TokenPool, now: number): readonly number[] {
  const isOver = (since: number) => now < since || now - since >= RESPONSE_TIMEOUT_MS;
  while (waiting[0] !== undefined && isOver(waiting[0])) waiting.shift();
  return waiting;
}

const isRequestPending = ({ askingSince }: TokenPool, now: number) =>
  askingSince !== null && now >= askingSince && now - askingSince < RESPONSE_TIMEOUT_MS;
