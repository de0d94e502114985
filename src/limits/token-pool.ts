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
import { type Bucket, full, type Limit, msToFull, msToToken, refilled, take, tokensIn } from "./bucket.ts";
import {
  grantSize,
  isScarce,
  mostInHand,
  mostInHandMs,
  type TokenAnswer,
  type TokenAsk,
} from "./bucket-ledger.ts";
import { callsInASecond, type Demand, noDemand, withCall } from "./call-rate.ts";

export interface Allowance {
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
  demand: Demand;
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
export type Allowances = Map<string, Allowance>;

const MOST_ALLOWANCES = 5_000;

/** A question that has not been answered for so long, in ms, never will. */
export const ANSWER_MS = 2_000;

/** How long a question is on its way for at most, usually, in ms. */
const WAY_MS = 500;

export function inHand({ grants }: Allowance, now: number): number {
  return grants.reduce((total, held) => total + (isGood(held, now) ? held.left : 0), 0);
}

/** One from the future is of a clock that has gone back since: it says nothing of how old it is. */
const isGood = ({ askedAt, until }: Held, now: number) => askedAt <= now && now < until;

/** Counts a call of the key in this isolate, admitted or not. */
export function noteCall(allowance: Allowance, now: number): void {
  allowance.demand = withCall(allowance.demand, now);
}

/** Spends a token in hand, if there is one. */
export function spend(allowance: Allowance, now: number): boolean {
  const held = allowance.grants.find((one) => one.left > 0 && isGood(one, now));
  if (held !== undefined) held.left -= 1;
  return held !== undefined;
}

/**
 * Whether the object has said that there is no token. After a refusal, as many calls ask again, when the time that it named is over, as there
 * can be tokens; where calls go on coming, one alone, until it knows: many isolates wait for the same ones. The others are refused as before.
 */
export function isEmpty(allowance: Allowance, now: number): boolean {
  const { emptyUntil, askedAt, saturated, limit, bucket } = allowance;
  if (now < emptyUntil) return now >= askedAt;
  if (!saturated) return false;
  const waiting = stillWaiting(allowance, now);
  const since = isAsking(allowance, now) ? allowance.askingSince : (waiting.at(-1) ?? null);
  const wasEmpty = tokensIn(bucket.level, limit) === 0;
  if (wasEmpty && since !== null && since - emptyUntil < pauseMs(limit)) return true;
  return waiting.length >= Math.max(1, tokensIn(refilled(bucket, limit, now + WAY_MS).level, limit));
}

/**
 * Whether to ask the object behind the answer: what is in hand would not last until there is more, or for half of the time that it should. And where
 * calls are refused, as soon as all is spent: it keeps its place in the bucket until that is told.
 */
export function runsLow(allowance: Allowance, now: number, held = inHand(allowance, now)): boolean {
  if (isAsking(allowance, now)) return false;
  const { bucket, limit, grants, saturated, emptyUntil } = allowance;
  if (saturated && held === 0 && grants.length > 0) return true;
  if (now < emptyUntil) return false;
  const most = Math.min(wanted(allowance, now), mostInHand(tokensIn(bucket.level, limit), limit));
  return held < Math.max(Math.floor(most) / 2, 1.25 * spentMeanwhile(allowance, now));
}

/** Whether a token that is on its way is for this call, which waits for it rather than ask for one of its own. */
export function claim(allowance: Allowance, now: number): boolean {
  if (allowance.unclaimed < 1 || !isOnItsWay(allowance, now)) return false;
  allowance.unclaimed -= 1;
  return true;
}

/** Whether an answer that brings more is awaited still: one that takes twice as long as usual is not. */
export function isOnItsWay(allowance: Allowance, now: number): boolean {
  const { askingSince, answerMs } = allowance;
  return askingSince !== null && isAsking(allowance, now) && now - askingSince < 2 * answerMs;
}

/** How long to wait before looking whether an answer has come, in ms. */
export const lookAgainMs = ({ answerMs }: Allowance) => Math.ceil(Math.min(50, Math.max(5, answerMs / 8)));

/**
 * What to ask the object, as of now, for a token of a call that waits (`own`), or for none. Grants that are used up, or half over, are in hand no
 * more.
 */
export function askOf(
  allowance: Allowance | undefined,
  { isolate, lifeMs, own }: Pick<TokenAsk, "isolate" | "lifeMs" | "own">,
  now: number,
): TokenAsk {
  if (allowance === undefined) return { isolate, lifeMs, own, more: 0, held: 0, done: [] };
  const isDone = ({ left, oldAt }: Held) => left === 0 || now >= oldAt;
  const done = allowance.grants.filter(isDone).map(({ id, left }) => ({ id, unused: left }));
  allowance.grants = allowance.grants.filter((one) => !isDone(one));
  const held = inHand(allowance, now) - Math.floor(spentMeanwhile(allowance, now));
  const more = isAsking(allowance, now) ? 0 : Math.max(0, wanted(allowance, now) - held);
  if (more > 0) {
    allowance.askingSince = now;
    allowance.unclaimed = likelyGrant(allowance, more, held, now);
  }
  return { isolate, lifeMs, own, more, held, done };
}

/** That a call which has been let in waits for the object from now on. */
export function noteWaiting(allowance: Allowance, now: number): void {
  stillWaiting(allowance, now);
  allowance.waiting.push(now);
}

/** That a question has been answered, or never will be. */
export function noteAnswered(
  allowance: Allowance,
  { more }: TokenAsk,
  askedAt: number,
  waited: boolean,
): void {
  if (more > 0) allowance.askingSince = null;
  const index = waited ? allowance.waiting.indexOf(askedAt) : -1;
  if (index >= 0) allowance.waiting.splice(index, 1);
}

/** That a question has not been answered: whatever it was, the object may have taken it in. */
export function noteUnanswered(allowance: Allowance): void {
  allowance.aloneUntil = allowance.askedAt;
}

/** Takes in what the object answered; null where the key has no limit. */
export function takeIn(
  allowances: Allowances,
  keyId: string,
  answer: TokenAnswer | null,
  lifeMs: number,
  askedAt: number,
  now: number,
): void {
  const before = allowances.get(keyId);
  allowances.delete(keyId);
  if (answer === null) return;
  const allowance = before ?? newAllowance(answer.limit, now);
  keepAllowance(allowances, keyId, allowance);

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
  if (before !== undefined && answer.number < before.number) return;
  const waitMs = msToToken(level, limit);
  const left = tokensIn(level, limit);
  allowance.saturated =
    answer.granted === false || (allowance.saturated && (left === 0 || isScarce(left, limit)));
  allowance.limit = limit;
  allowance.bucket = { level, at: now };
  allowance.number = answer.number;
  allowance.wholeAt = now + answer.wholeMs;
  allowance.askedAt = askedAt;
  allowance.lifeMs = lifeMs;
  allowance.aloneUntil = answer.alone ? askedAt + lifeMs : askedAt;
  allowance.emptyUntil =
    waitMs === 0 ? askedAt : allowance.saturated ? now + Math.max(waitMs, pauseMs(limit)) : askedAt + waitMs;
}

/** While the object fails: a token of what it said was left, and of what has come in since. */
export function spendAlone(allowance: Allowance, now: number): boolean {
  const { bucket, granted } = take(allowance.bucket, allowance.limit, now);
  allowance.bucket = bucket;
  allowance.wholeAt = now + msToFull(bucket.level, allowance.limit);
  return granted;
}

export function keepAllowance(allowances: Allowances, keyId: string, allowance: Allowance): void {
  allowances.set(keyId, allowance);
  const [oldest] = allowances.keys();
  if (allowances.size > MOST_ALLOWANCES && oldest !== undefined) allowances.delete(oldest);
}

export function newAllowance(limit: Limit, now: number): Allowance {
  return {
    limit,
    grants: [],
    bucket: full(limit, now),
    number: 0,
    askedAt: now,
    lifeMs: 0,
    aloneUntil: now,
    wholeAt: now,
    emptyUntil: now,
    saturated: false,
    demand: noDemand,
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
function pauseMs(limit: Limit): number {
  const ms = Math.min(1_000, limit.period_seconds * 125);
  return msToToken(0, limit) < ms ? ms : 0;
}

function wanted({ demand, answerMs, lifeMs, limit }: Allowance, now: number): number {
  const ms = Math.min(limit.period_seconds * 250 + answerMs, mostInHandMs(limit), lifeMs * 0.4);
  return Math.floor((callsInASecond(demand, now) * ms) / 1_000);
}

/** What is spent until the object has answered. */
function spentMeanwhile({ demand, answerMs }: Allowance, now: number): number {
  return (callsInASecond(demand, now) * answerMs) / 1_000;
}

/** What the object will grant, by what it said last. */
function likelyGrant(allowance: Allowance, more: number, held: number, now: number): number {
  const { bucket, limit, aloneUntil } = allowance;
  return grantSize(more, held, tokensIn(refilled(bucket, limit, now).level, limit), limit, now < aloneUntil);
}

/** Without those that were cut off with their requests, and are never answered. */
function stillWaiting({ waiting }: Allowance, now: number): readonly number[] {
  const isOver = (since: number) => now < since || now - since >= ANSWER_MS;
  while (waiting[0] !== undefined && isOver(waiting[0])) waiting.shift();
  return waiting;
}

const isAsking = ({ askingSince }: Allowance, now: number) =>
  askingSince !== null && now >= askingSince && now - askingSince < ANSWER_MS;
