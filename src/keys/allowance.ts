/**
 * What an isolate holds of a key's tokens: those granted to it, and what the key's object said last of the bucket. Plain data, and no I/O.
 *
 *   a call of the key          what happens
 *   a token in hand            it is spent; where those left would not last for a second, more are asked for behind the answer
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
  full,
  type Limit,
  msToFull,
  msToToken,
  refilled,
  take,
  tokenOf,
  tokensIn,
} from "./bucket.ts";
import { callsInASecond, type Demand, noDemand, withCall } from "./demand.ts";
import { inHandMs, type TokenAnswer, type TokenAsk } from "./grant.ts";

export interface Allowance {
  limit: Limit;
  /** The oldest first. */
  grants: Held[];
  /** What was left in the bucket besides, as of when that was heard. */
  bucket: Bucket;
  /** When that was asked. */
  askedAt: number;
  /** How long a grant lasts. */
  lifeMs: number;
  /** Until when nobody else is known to take any of it; `askedAt` where somebody may. */
  aloneUntil: number;
  /** Until when there is none to be had. */
  emptyUntil: number;
  /** Whether a call was refused, and the bucket has been found empty ever since. */
  saturated: boolean;
  demand: Demand;
  /** Calls that wait for the object, and since when the last of them does. */
  asking: { count: number; at: number };
  /** When more was asked for, and no answer has come. */
  askingSince: number | null;
}

interface Held {
  readonly id: number;
  left: number;
  /** From when on what is left is given back with the next question. */
  readonly oldAt: number;
  readonly until: number;
}

/** By key ID; the one told longest ago goes first. */
export type Allowances = Map<string, Allowance>;

const MOST_ALLOWANCES = 5_000;

/** A question that has not been answered for so long, in ms, never will. */
export const ANSWER_MS = 2_000;

/** What a caller may know of its limit. */
export interface Quota {
  readonly limit: Limit;
  /** Whole tokens. */
  readonly remaining: number;
  /** Seconds until the whole quota is there again or, where nothing remains, until there is a token; rounded up. */
  readonly resetSeconds: number;
}

export function inHand({ grants }: Allowance, now: number): number {
  return grants.reduce((total, { left, until }) => total + (now < until ? left : 0), 0);
}

/** Counts a call of the key in this isolate, admitted or not. */
export function noteCall(allowance: Allowance, now: number): void {
  allowance.demand = withCall(allowance.demand, now);
}

/** Spends a token in hand, if there is one. */
export function spend(allowance: Allowance, now: number): boolean {
  const held = allowance.grants.find(({ left, until }) => left > 0 && now < until);
  if (held !== undefined) held.left -= 1;
  return held !== undefined;
}

/**
 * Whether the object has said that there is no token, or as many calls are asking it as the bucket can hold. Where the bucket was found empty
 * and calls go on coming, one of them finds out when the time is over, and the others are refused as before until it knows: many isolates wait for the
 * same tokens.
 */
export function isEmpty(allowance: Allowance, now: number): boolean {
  const { emptyUntil, askedAt, saturated, limit, askingSince, asking } = allowance;
  if (now < emptyUntil) return now >= askedAt;
  const waiting = underWay(allowance, now);
  const asksSince = isAsking(allowance, now) ? askingSince : waiting > 0 ? asking.at : null;
  if (saturated && asksSince !== null && asksSince - emptyUntil < pauseMs(limit)) return true;
  return waiting >= limit.limit;
}

/** Whether what is in hand would not last for half of the time that it should, and more can be had. */
export function runsLow(allowance: Allowance, now: number): boolean {
  if (now < allowance.emptyUntil || isAsking(allowance, now)) return false;
  return inHand(allowance, now) < wanted(allowance, now) / 2;
}

/** What to ask the object, as of now. Grants that are used up, or half over, are in hand no more. */
export function askOf(
  allowance: Allowance | undefined,
  { isolate, lifeMs, own }: Pick<TokenAsk, "isolate" | "lifeMs" | "own">,
  now: number,
): TokenAsk {
  if (allowance === undefined) return { isolate, lifeMs, own, more: 0, done: [] };
  const isDone = ({ left, oldAt }: Held) => left === 0 || now >= oldAt;
  const done = allowance.grants.filter(isDone).map(({ id, left }) => ({ id, unused: left }));
  allowance.grants = allowance.grants.filter((held) => !isDone(held));
  const more = isAsking(allowance, now) ? 0 : Math.max(0, wanted(allowance, now) - inHand(allowance, now));
  if (more > 0) allowance.askingSince = now;
  if (own) allowance.asking = { count: underWay(allowance, now) + 1, at: now };
  return { isolate, lifeMs, own, more, done };
}

/** That a question has been answered, or never will be. */
export function asked(allowance: Allowance, { own, more }: TokenAsk): void {
  if (more > 0) allowance.askingSince = null;
  if (own) allowance.asking.count = Math.max(0, allowance.asking.count - 1);
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
  allowances.set(keyId, allowance);
  const [oldest] = allowances.keys();
  if (allowances.size > MOST_ALLOWANCES && oldest !== undefined) allowances.delete(oldest);

  const { grant, limit, level } = answer;
  if (grant !== null) {
    allowance.grants = allowance.grants.filter(({ until }) => now < until);
    allowance.grants.push({
      id: grant.id,
      left: grant.tokens,
      oldAt: askedAt + lifeMs / 2,
      until: askedAt + lifeMs,
    });
  }
  // Answers may come out of order: the one to the later question stands. One from the future is of a clock that has gone back.
  if (before !== undefined && askedAt < before.askedAt && before.askedAt <= now) return;
  const waitMs = msToToken(level, limit);
  allowance.saturated = waitMs > 0 && (allowance.saturated || answer.granted === false);
  allowance.limit = limit;
  allowance.bucket = { level, at: now };
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
  return granted;
}

export function newAllowance(limit: Limit, now: number): Allowance {
  return {
    limit,
    grants: [],
    bucket: full(limit, now),
    askedAt: now,
    lifeMs: 0,
    aloneUntil: now,
    emptyUntil: now,
    saturated: false,
    demand: noDemand,
    asking: { count: 0, at: now },
    askingSince: null,
  };
}

/**
 * What is certainly left: what is in hand, and of the bucket what nobody else takes. `told`: the object has just said what is in it.
 */
export function quotaOf(allowance: Allowance, now: number, told: boolean): Quota {
  const { limit, bucket } = allowance;
  const held = inHand(allowance, now);
  const level = told || now < allowance.aloneUntil ? bucket.level : 0;
  const remaining = held + tokensIn(level, limit);
  const ms = remaining > 0 ? msToFull(level + held * tokenOf(limit), limit) : msToNext(allowance, now);
  return { limit, remaining, resetSeconds: Math.ceil(ms / 1_000) };
}

/** What a refused call is told: what may be left belongs to those who came before. */
export function refusedQuota(allowance: Allowance, now: number): Quota {
  const resetSeconds = Math.ceil(msToNext(allowance, now) / 1_000);
  return { limit: allowance.limit, remaining: 0, resetSeconds };
}

/** Until there can be another token than those that were told of. */
function msToNext({ limit, bucket, emptyUntil }: Allowance, now: number): number {
  return Math.max(emptyUntil - now, msToToken(refilled(bucket, limit, now).level % tokenOf(limit), limit));
}

/**
 * How long to leave the object alone after a refusal, in ms, so that one question is for many tokens: an eighth of the period at most, in which the
 * bucket does not overflow. Tokens that come more slowly than that are waited for one by one.
 */
function pauseMs(limit: Limit): number {
  const ms = Math.min(1_000, limit.period_seconds * 125);
  return msToToken(0, limit) < ms ? ms : 0;
}

function wanted({ demand, lifeMs, limit }: Allowance, now: number): number {
  return Math.floor((callsInASecond(demand, now) * Math.min(inHandMs(limit), lifeMs * 0.4)) / 1_000);
}

/** One that was cut off with its request is never answered. */
const underWay = ({ asking }: Allowance, now: number) =>
  now >= asking.at && now - asking.at < ANSWER_MS ? asking.count : 0;

const isAsking = ({ askingSince }: Allowance, now: number) =>
  askingSince !== null && now >= askingSince && now - askingSince < ANSWER_MS;
