/**
 * How a key's object hands out the tokens of its bucket: one to a call that waits for it, and more to an isolate that is likely to spend them
 * soon, for the time of a lease. Pure.
 *
 * Why the limit cannot be exceeded: a token that waits for its call is spent when it is taken from the bucket. One that is granted for later
 * keeps its place in the bucket until it is known to be spent, given back or over its time: so what is in the bucket and what is in hand
 * are never more than the limit together, and refill as the bucket does. When the moment of a call's admission is the one in which its token was
 * spent, that is the bound of a single bucket.
 */
import {
  type Bucket,
  full,
  type Limit,
  msToFull,
  msToToken,
  refilled,
  tokenOf,
  tokensIn,
  underLimit,
} from "./bucket.ts";

/** A key's bucket, and what of it is in the hands of isolates. */
export interface Account extends Bucket {
  readonly grants: readonly Grant[];
  /** Counts changes, so that one can be told from another; a grant is named by the change that made it. */
  readonly lastId: number;
  /** Who took last, and when somebody else did last: ms since the epoch. */
  readonly taker: { readonly isolate: string; readonly at: number; readonly othersAt: number } | null;
}

interface Grant {
  readonly id: number;
  readonly tokens: number;
  /** From when on nobody spends of it, ms since the epoch. */
  readonly until: number;
}

/** What an isolate asks along with the lease of a key. */
export interface TokenAsk {
  /** Who asks. */
  readonly isolate: string;
  /** For how long it spends what it is granted, in ms from when it asked. */
  readonly lifeMs: number;
  /** A token for a call that waits. */
  readonly own: boolean;
  /** Tokens to spend later, and how many will be in hand when the answer comes; negative where calls will be waiting for it. */
  readonly more: number;
  readonly held: number;
  /** Grants that the isolate spends no more of, and what is left of them. */
  readonly done: readonly { readonly id: number; readonly unused: number }[];
}

export interface TokenAnswer {
  /** The object's own word, which may be newer than the caller's lease. */
  readonly limit: Limit;
  /** Whether the waiting call has its token; null where there was no such question. */
  readonly granted: boolean | null;
  readonly grant: { readonly id: number; readonly tokens: number } | null;
  /** Of answers to questions that overlap, the one with the higher number was decided later. */
  readonly number: number;
  /** What is left in the bucket, in its units. */
  readonly level: number;
  /** When the whole quota will be there, in ms, if nobody takes anything and nothing that was granted is given back. */
  readonly wholeMs: number;
  /** Whether nobody else has taken a token for two lives of a grant: then what is left can be taken for what is left a little later. */
  readonly alone: boolean;
}

/**
 * How much longer than its isolate the object holds a grant for spendable: they count the same time, but by clocks of their own, and an
 * isolate's stands still while it computes.
 */
const MARGIN_MS = 1_000;

/** Grants at a time. More isolates than that, on one limited key, take their tokens one by one. */
const MOST_GRANTS = 250;

export const accountOf = (bucket: Bucket): Account => ({ ...bucket, grants: [], lastId: 0, taker: null });

/**
 * How many tokens an isolate gets to spend later, of those it `wanted` and those `left`, if it will have as many as `held` in hand. `alone`: nobody
 * else has taken of late.
 *
 * An isolate may fall silent with all of them in hand, and then they are lost: hence `mostInHand`.
 *
 * And no more than a quarter of what is left: others find the rest. One that is alone gets two fifths, and no more: what it has spent comes back only
 * from when it is reported, and the rest lasts for longer than that takes. So a lone caller below the rate is never refused.
 *
 * Where calls are refused, the bucket is empty most of the time and none of this helps anybody: who comes first when it has something takes all, and
 * spends it at once. So there is one question for many calls, not one for each.
 */
export function grantSize(wanted: number, held: number, left: number, limit: Limit, alone: boolean): number {
  const room = mostInHand(left, limit) - held;
  const share = isScarce(left, limit) ? left : left * (alone ? 0.4 : 0.25);
  return Math.max(0, Math.floor(Math.min(wanted, room, share)));
}

/**
 * What an isolate has in hand at most: what comes in while it may last or, where that is more, 1/64 of what is left. A key of 50 calls an hour never
 * loses one.
 */
export function mostInHand(left: number, limit: Limit): number {
  return Math.max((limit.limit / limit.period_seconds) * (mostInHandMs(limit) / 1_000), left / 64);
}

/** For how long what is in hand may last, in ms: all isolates together hold half of the bucket, where they take what comes in. */
export const mostInHandMs = ({ period_seconds }: Limit) => Math.min(2_000, period_seconds * 500);

/** Whether so little is left that calls are likely to be refused. */
export const isScarce = (left: number, { limit }: Limit) => left < limit / 8;

/** As of `now`: grants that are over give their place back at their time. */
export function brought(account: Account, limit: Limit, now: number): Account {
  const over = account.grants.filter(({ until }) => until <= now).sort((a, b) => a.until - b.until);
  let { level, at }: Bucket = account;
  let outstanding = sum(account.grants);
  for (const { until, tokens } of over) {
    ({ level, at } = refilled({ level, at }, limit, until, outstanding));
    outstanding -= tokens;
  }
  return {
    ...account,
    ...refilled({ level, at }, limit, now, outstanding),
    grants: account.grants.filter(({ until }) => until > now),
  };
}

/**
 * The account of a key that has another limit, or had none. What is left stays, as far as the new one holds it; a new one begins full. What is in hands
 * since before may be spent for the time that a change takes to be in force.
 */
export function underNewLimit(account: Account, from: Limit | null, to: Limit, now: number): Account {
  const lastId = account.lastId + 1;
  if (from === null) return { ...accountOf(full(to, now)), lastId };
  const before = brought(account, from, now);
  return { ...brought({ ...before, ...underLimit(before, from, to, now) }, to, now), lastId };
}

function msToWhole(account: Account, limit: Limit, now: number): number {
  const last = Math.max(now, ...account.grants.map(({ until }) => until));
  return last - now + msToFull(brought(account, limit, last).level, limit);
}

/** `changed`: whether there is anything to keep that time alone does not bring. */
export function answer(
  account: Account,
  limit: Limit,
  ask: TokenAsk,
  now: number,
): { readonly account: Account; readonly answer: TokenAnswer; readonly changed: boolean } {
  const before = settled(brought(account, limit, now), limit, ask.done);
  const alone = now - othersTook(account.taker, ask.isolate) >= 2 * ask.lifeMs;
  const granted = ask.own ? before.level >= tokenOf(limit) : null;
  const owned = granted ? withdrawn(before, limit, 1) : before;
  const room = owned.grants.length < MOST_GRANTS;
  const tokens = room ? grantSize(ask.more, ask.held, tokensIn(owned.level, limit), limit, alone) : 0;
  const id = account.lastId + 1;
  const taken = granted === true || tokens > 0;
  const changed = taken || before.grants.length < account.grants.length;
  const after: Account = {
    ...(tokens > 0 ? granting(owned, limit, { id, tokens, until: now + ask.lifeMs + MARGIN_MS }) : owned),
    lastId: changed ? id : account.lastId,
    taker: taken ? takerAfter(account.taker, ask.isolate, now) : account.taker,
  };
  return {
    account: after,
    changed,
    answer: {
      limit,
      granted,
      grant: tokens > 0 ? { id, tokens } : null,
      number: after.lastId,
      level: after.level,
      wholeMs: msToWhole(after, limit, now),
      alone,
    },
  };
}

/** By how much two messages differ in how long they take, usually, in ms. */
const LATE_MS = 300;

/**
 * How long the object keeps a call that it would refuse, in ms, until there is its token; null where it is refused at once. Where tokens come slowly,
 * a caller below the rate looks too early when the message before was late and this one is not.
 */
export function keepMs({ granted, level, limit }: TokenAnswer): number | null {
  const ms = msToToken(level, limit);
  return granted === false && msToToken(0, limit) >= LATE_MS && ms <= LATE_MS ? ms : null;
}

const sum = (grants: readonly Grant[]) => grants.reduce((total, { tokens }) => total + tokens, 0);

/** What is unused goes back into the bucket, the rest is spent: from now on it refills. One that is over, or has been settled, changes nothing. */
function settled(account: Account, limit: Limit, done: TokenAsk["done"]): Account {
  let { level, grants } = account;
  for (const { id, unused } of done) {
    const grant = grants.find((one) => one.id === id);
    if (grant === undefined) continue;
    level += Math.min(unused, grant.tokens) * tokenOf(limit);
    grants = grants.filter((one) => one !== grant);
  }
  // Under a limit that was lowered, what comes back may be more than the bucket holds.
  return { ...account, grants, ...refilled({ level, at: account.at }, limit, account.at, sum(grants)) };
}

const withdrawn = (account: Account, limit: Limit, tokens: number): Account => ({
  ...account,
  level: account.level - tokens * tokenOf(limit),
});

const granting = (account: Account, limit: Limit, grant: Grant): Account => ({
  ...withdrawn(account, limit, grant.tokens),
  grants: [...account.grants, grant],
});

function takerAfter(taker: Account["taker"], isolate: string, now: number): Account["taker"] {
  return { isolate, at: now, othersAt: othersTook(taker, isolate) };
}

/** When another than this one took last. */
function othersTook(taker: Account["taker"], isolate: string): number {
  if (taker === null) return Number.NEGATIVE_INFINITY;
  return taker.isolate === isolate ? taker.othersAt : taker.at;
}
