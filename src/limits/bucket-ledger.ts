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
  convertToLimit,
  fullBucket,
  type Limit,
  msUntilFull,
  msUntilToken,
  refill,
  tokensIn,
  unitsPerToken,
} from "./bucket.ts";

/** A key's bucket, and what of it is in the hands of isolates. */
export interface Ledger extends Bucket {
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
export interface TokenRequest {
  /** Who asks. */
  readonly isolateId: string;
  /** For how long it spends what it is granted, in ms from when it asked. */
  readonly ttlMs: number;
  /** A token for a call that waits. */
  readonly needsToken: boolean;
  /** Tokens to spend later, and how many will be in hand when the answer comes; negative where calls will be waiting for it. */
  readonly prefetch: number;
  readonly held: number;
  /** Grants that the isolate spends no more of, and what is left of them. */
  readonly returned: readonly { readonly id: number; readonly unused: number }[];
}

export interface TokenResponse {
  /** The object's own word, which may be newer than the caller's lease. */
  readonly limit: Limit;
  /** Whether the waiting call has its token; null where there was no such question. */
  readonly granted: boolean | null;
  readonly grant: { readonly id: number; readonly tokens: number } | null;
  /** Of answers to questions that overlap, the one with the higher number was decided later. */
  readonly sequence: number;
  /** What is left in the bucket, in its units. */
  readonly level: number;
  /** When the whole quota will be there, in ms, if nobody takes anything and nothing that was granted is given back. */
  readonly msUntilFull: number;
  /** Whether nobody else has taken a token for two lives of a grant: then what is left can be taken for what is left a little later. */
  readonly isSoleConsumer: boolean;
}

/**
 * How much longer than its isolate the object holds a grant for spendable: they count the same time, but by clocks of their own, and an
 * isolate's stands still while it computes.
 */
const GRANT_MARGIN_MS = 1_000;

/** Grants at a time. More isolates than that, on one limited key, take their tokens one by one. */
const MAX_GRANTS = 250;

export const createLedger = (bucket: Bucket): Ledger => ({ ...bucket, grants: [], lastId: 0, taker: null });

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
  const room = maxHeld(left, limit) - held;
  const share = isScarce(left, limit) ? left : left * (alone ? 0.4 : 0.25);
  return Math.max(0, Math.floor(Math.min(wanted, room, share)));
}

/**
 * What an isolate has in hand at most: what comes in while it may last or, where that is more, 1/64 of what is left. A key of 50 calls an hour never
 * loses one.
 */
export function maxHeld(left: number, limit: Limit): number {
  return Math.max((limit.limit / limit.period_seconds) * (maxHeldMs(limit) / 1_000), left / 64);
}

/** For how long what is in hand may last, in ms: all isolates together hold half of the bucket, where they take what comes in. */
export const maxHeldMs = ({ period_seconds }: Limit) => Math.min(2_000, period_seconds * 500);

/** Whether so little is left that calls are likely to be refused. */
export const isScarce = (left: number, { limit }: Limit) => left < limit / 8;

/** As of `now`: grants that are over give their place back at their time. */
export function advanceTo(account: Ledger, limit: Limit, now: number): Ledger {
  const over = account.grants.filter(({ until }) => until <= now).sort((a, b) => a.until - b.until);
  let { level, at }: Bucket = account;
  let outstanding = sumTokens(account.grants);
  for (const { until, tokens } of over) {
    ({ level, at } = refill({ level, at }, limit, until, outstanding));
    outstanding -= tokens;
  }
  return {
    ...account,
    ...refill({ level, at }, limit, now, outstanding),
    grants: account.grants.filter(({ until }) => until > now),
  };
}

/**
 * The account of a key that has another limit, or had none. What is left stays, as far as the new one holds it; a new one begins full. What is in hands
 * since before may be spent for the time that a change takes to be in force.
 */
export function changeLedgerLimit(account: Ledger, from: Limit | null, to: Limit, now: number): Ledger {
  const lastId = account.lastId + 1;
  if (from === null) return { ...createLedger(fullBucket(to, now)), lastId };
  const before = advanceTo(account, from, now);
  return { ...advanceTo({ ...before, ...convertToLimit(before, from, to, now) }, to, now), lastId };
}

function msUntilLedgerFull(account: Ledger, limit: Limit, now: number): number {
  const last = Math.max(now, ...account.grants.map(({ until }) => until));
  return last - now + msUntilFull(advanceTo(account, limit, last).level, limit);
}

/** `changed`: whether there is anything to keep that time alone does not bring. */
export function allocate(
  account: Ledger,
  limit: Limit,
  ask: TokenRequest,
  now: number,
): { readonly account: Ledger; readonly answer: TokenResponse; readonly changed: boolean } {
  const before = redeemGrants(advanceTo(account, limit, now), limit, ask.returned);
  const isSoleConsumer = now - othersTookAt(account.taker, ask.isolateId) >= 2 * ask.ttlMs;
  const granted = ask.needsToken ? before.level >= unitsPerToken(limit) : null;
  const owned = granted ? withdraw(before, limit, 1) : before;
  const room = owned.grants.length < MAX_GRANTS;
  const tokens = room
    ? grantSize(ask.prefetch, ask.held, tokensIn(owned.level, limit), limit, isSoleConsumer)
    : 0;
  const id = account.lastId + 1;
  const taken = granted === true || tokens > 0;
  const changed = taken || before.grants.length < account.grants.length;
  const after: Ledger = {
    ...(tokens > 0
      ? addGrant(owned, limit, { id, tokens, until: now + ask.ttlMs + GRANT_MARGIN_MS })
      : owned),
    lastId: changed ? id : account.lastId,
    taker: taken ? nextTaker(account.taker, ask.isolateId, now) : account.taker,
  };
  return {
    account: after,
    changed,
    answer: {
      limit,
      granted,
      grant: tokens > 0 ? { id, tokens } : null,
      sequence: after.lastId,
      level: after.level,
      msUntilFull: msUntilLedgerFull(after, limit, now),
      isSoleConsumer,
    },
  };
}

/** By how much two messages differ in how long they take, usually, in ms. */
const MAX_HOLD_MS = 300;

/**
 * How long the object keeps a call that it would refuse, in ms, until there is its token; null where it is refused at once. Where tokens come slowly,
 * a caller below the rate looks too early when the message before was late and this one is not.
 */
export function holdMs({ granted, level, limit }: TokenResponse): number | null {
  const ms = msUntilToken(level, limit);
  return granted === false && msUntilToken(0, limit) >= MAX_HOLD_MS && ms <= MAX_HOLD_MS ? ms : null;
}

const sumTokens = (grants: readonly Grant[]) => grants.reduce((total, { tokens }) => total + tokens, 0);

/** What is unused goes back into the bucket, the rest is spent: from now on it refills. One that is over, or has been settled, changes nothing. */
function redeemGrants(account: Ledger, limit: Limit, done: TokenRequest["returned"]): Ledger {
  let { level, grants } = account;
  for (const { id, unused } of done) {
    const grant = grants.find((one) => one.id === id);
    if (grant === undefined) continue;
    level += Math.min(unused, grant.tokens) * unitsPerToken(limit);
    grants = grants.filter((one) => one !== grant);
  }
  // Under a limit that was lowered, what comes back may be more than the bucket holds.
  return { ...account, grants, ...refill({ level, at: account.at }, limit, account.at, sumTokens(grants)) };
}

const withdraw = (account: Ledger, limit: Limit, tokens: number): Ledger => ({
  ...account,
  level: account.level - tokens * unitsPerToken(limit),
});

const addGrant = (account: Ledger, limit: Limit, grant: Grant): Ledger => ({
  ...withdraw(account, limit, grant.tokens),
  grants: [...account.grants, grant],
});

function nextTaker(taker: Ledger["taker"], isolate: string, now: number): Ledger["taker"] {
  return { isolate, at: now, othersAt: othersTookAt(taker, isolate) };
}

/** When another than this one took last. */
function othersTookAt(taker: Ledger["taker"], isolate: string): number {
  if (taker === null) return Number.NEGATIVE_INFINITY;
  return taker.isolate === isolate ? taker.othersAt : taker.at;
}
