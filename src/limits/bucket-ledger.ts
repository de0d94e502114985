/**
 * The object's side of a limit: one bucket, and the tokens of it that isolates hold. Pure.
 *
 * Why the limit cannot be exceeded: a token for a call that waits is spent when it is taken from the bucket. A token
 * that is granted for later keeps its place in the bucket until the object knows that it is spent, returned or expired.
 * So the bucket and all grants together never hold more than the limit, and refill as a single bucket does. A call
 * counts as admitted at the moment its token is spent; hence the bound is that of a single bucket.
 */
import {
  type Bucket,
  convertToLimit,
  fullBucket,
  type Limit,
  msUntilFull,
  refill,
  tokensIn,
  unitsPerToken,
} from "./bucket.ts";
import { grantSize } from "./grant-policy.ts";
import type { TokenRequest, TokenResponse } from "./messages.ts";

export interface Ledger extends Bucket {
  readonly grants: readonly Grant[];
  /** Counts changes, to order responses. The change that makes a grant gives it its ID. */
  readonly lastId: number;
  /** The isolate that took a token last, when it did, and when another one did: ms since the epoch. */
  readonly taker: { readonly isolate: string; readonly at: number; readonly othersAt: number } | null;
}

interface Grant {
  readonly id: number;
  readonly tokens: number;
  /** When it expires, in ms since the epoch: no isolate spends it from then on. */
  readonly until: number;
}

/**
 * How much longer than its isolate the object counts a grant as held. Both count the same time, but each by its own
 * clock, and the clock of an isolate stands still while it computes.
 */
const GRANT_MARGIN_MS = 1_000;

/** Bounds the ledger, which is one stored row. Isolates beyond this number take their tokens one by one. */
const MAX_GRANTS = 250;

export const createLedger = (bucket: Bucket): Ledger => ({ ...bucket, grants: [], lastId: 0, taker: null });

/** The ledger at `now`. A grant that expires counts as spent then, so its place refills from that moment. */
export function advanceTo(ledger: Ledger, limit: Limit, now: number): Ledger {
  const expired = ledger.grants.filter(({ until }) => until <= now).sort((a, b) => a.until - b.until);
  let { level, at }: Bucket = ledger;
  let outstanding = sumTokens(ledger.grants);
  for (const { until, tokens } of expired) {
    ({ level, at } = refill({ level, at }, limit, until, outstanding));
    outstanding -= tokens;
  }
  return {
    ...ledger,
    ...refill({ level, at }, limit, now, outstanding),
    grants: ledger.grants.filter(({ until }) => until > now),
  };
}

/**
 * The ledger of a key whose limit changes. Tokens that are left stay, up to the capacity of the new limit; a key that
 * had no limit begins full. Isolates may spend what they hold for as long as a change may take to be in force.
 */
export function changeLedgerLimit(ledger: Ledger, from: Limit | null, to: Limit, now: number): Ledger {
  const lastId = ledger.lastId + 1;
  if (from === null) return { ...createLedger(fullBucket(to, now)), lastId };
  const before = advanceTo(ledger, from, now);
  return { ...advanceTo({ ...before, ...convertToLimit(before, from, to, now) }, to, now), lastId };
}

/** Decides on a request. `changed` is false if the ledger differs only by the time that has passed. */
export function allocate(
  ledger: Ledger,
  limit: Limit,
  request: TokenRequest,
  now: number,
): { readonly ledger: Ledger; readonly response: TokenResponse; readonly changed: boolean } {
  const before = redeemGrants(advanceTo(ledger, limit, now), limit, request.returned);
  const isSoleConsumer = now - othersTookAt(ledger.taker, request.isolateId) >= 2 * request.ttlMs;
  const granted = request.needsToken ? before.level >= unitsPerToken(limit) : null;
  const wanted = granted ? 1 + (request.alsoWaiting ?? 0) : 0;
  const spent = Math.min(wanted, tokensIn(before.level, limit));
  const served = withdraw(before, limit, spent);
  const left = tokensIn(served.level, limit);
  const tokens =
    served.grants.length < MAX_GRANTS
      ? grantSize(request.prefetch, request.held, left, limit, isSoleConsumer)
      : 0;
  const id = ledger.lastId + 1;
  const taken = granted === true || tokens > 0;
  const changed = taken || before.grants.length < ledger.grants.length;
  const after: Ledger = {
    ...(tokens > 0
      ? addGrant(served, limit, { id, tokens, until: now + request.ttlMs + GRANT_MARGIN_MS })
      : served),
    lastId: changed ? id : ledger.lastId,
    taker: taken ? nextTaker(ledger.taker, request.isolateId, now) : ledger.taker,
  };
  return {
    ledger: after,
    changed,
    response: {
      limit,
      granted,
      alsoGranted: Math.max(0, spent - 1),
      grant: tokens > 0 ? { id, tokens } : null,
      sequence: after.lastId,
      level: after.level,
      msUntilFull: msUntilLedgerFull(after, limit, now),
      isSoleConsumer,
    },
  };
}

/** Assumes that no grant is returned, so that the answer is never too early. */
function msUntilLedgerFull(ledger: Ledger, limit: Limit, now: number): number {
  const last = Math.max(now, ...ledger.grants.map(({ until }) => until));
  return last - now + msUntilFull(advanceTo(ledger, limit, last).level, limit);
}

const sumTokens = (grants: readonly Grant[]) => grants.reduce((total, { tokens }) => total + tokens, 0);

/**
 * Puts unused tokens back; the others are spent, and their places refill from now on. A grant that has expired or was
 * redeemed before changes nothing, so a request may arrive twice.
 */
function redeemGrants(ledger: Ledger, limit: Limit, returned: TokenRequest["returned"]): Ledger {
  let { level, grants } = ledger;
  for (const { id, unused } of returned) {
    const grant = grants.find((one) => one.id === id);
    if (grant === undefined) continue;
    level += Math.min(unused, grant.tokens) * unitsPerToken(limit);
    grants = grants.filter((one) => one !== grant);
  }
  // After the limit was lowered, what comes back may be more than the bucket holds.
  return { ...ledger, grants, ...refill({ level, at: ledger.at }, limit, ledger.at, sumTokens(grants)) };
}

const withdraw = (ledger: Ledger, limit: Limit, tokens: number): Ledger => ({
  ...ledger,
  level: ledger.level - tokens * unitsPerToken(limit),
});

const addGrant = (ledger: Ledger, limit: Limit, grant: Grant): Ledger => ({
  ...withdraw(ledger, limit, grant.tokens),
  grants: [...ledger.grants, grant],
});

function nextTaker(taker: Ledger["taker"], isolate: string, now: number): Ledger["taker"] {
  return { isolate, at: now, othersAt: othersTookAt(taker, isolate) };
}

/** When an isolate other than this one took a token last. */
function othersTookAt(taker: Ledger["taker"], isolate: string): number {
  if (taker === null) return Number.NEGATIVE_INFINITY;
  return taker.isolate === isolate ? taker.othersAt : taker.at;
}
