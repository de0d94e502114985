/**
 * How many tokens an isolate gets for later calls, when it asks for them, and how long a refusal lasts. Every number
 * here trades object calls against tokens that are lost or held back; none of them can make a key exceed its limit.
 * README.md has the figures. Pure.
 */
import { type Limit, msUntilToken } from "./bucket.ts";
import type { TokenResponse } from "./messages.ts";

/** A grant is at most this share of what is left, so that other isolates find tokens too. */
const MAX_GRANT_SHARE = 0.25;

/**
 * The same for a sole consumer. It may not take all: what it has spent refills only after it has reported that, and the
 * rest lasts for longer than the report takes. So a lone caller below the rate is never refused.
 */
const SOLE_CONSUMER_SHARE = 0.4;

/** An isolate holds at most what refills in this time, since what it holds is lost if its calls end. */
const MAX_HELD_MS = 2_000;

/** For a short period, it holds at most what refills in this share of it: half of the bucket. */
const MAX_HELD_PERIOD_SHARE = 0.5;

/** Or this share of what is left, if that is more: a large bucket that refills slowly can spare it. */
const MAX_HELD_SHARE = 1 / 64;

/** Below this share of the limit, tokens are scarce: calls are likely to be refused. */
const SCARCE_SHARE = 1 / 8;

/** An isolate prefetches for at most this share of the period, besides what it spends until the response arrives. */
const PREFETCH_PERIOD_SHARE = 0.25;

/** And for at most this share of a grant's TTL: it returns the grant at half of the TTL, and should have spent it. */
const PREFETCH_TTL_SHARE = 0.4;

/** An isolate prefetches when it holds less than this share of what it wants to hold. */
const PREFETCH_BELOW_SHARE = 0.5;

/** Or when what it holds lasts for less than the round trip and a quarter of it in reserve: round trips vary. */
const ROUND_TRIP_RESERVE = 1.25;

/**
 * After a refusal, an isolate leaves the object alone for up to this time, so that one request finds several tokens;
 * and for at most this share of the period, in which the bucket cannot overflow.
 */
const MAX_REFUSAL_PAUSE_MS = 1_000;
const REFUSAL_PAUSE_PERIOD_SHARE = 1 / 8;

/** How long the object delays a call that is too early at most: by so much the travel times of two messages differ. */
const MAX_CALL_DELAY_MS = 300;

/**
 * How many tokens a grant has, if the isolate wants `wanted` more, will hold `held`, and `left` are in the bucket.
 *
 * While tokens are scarce, neither share applies: the bucket is empty most of the time, whoever comes first when it has
 * tokens takes all that it has calls for, and spends them at once. So one request serves many calls.
 */
export function grantSize(
  wanted: number,
  held: number,
  left: number,
  limit: Limit,
  isSoleConsumer: boolean,
): number {
  const room = maxHeld(left, limit) - held;
  const share = isScarce(left, limit) ? 1 : isSoleConsumer ? SOLE_CONSUMER_SHARE : MAX_GRANT_SHARE;
  return Math.max(0, Math.floor(Math.min(wanted, room, left * share)));
}

/** The most tokens that an isolate holds. A key of 50 calls an hour never loses one: this is below 1. */
function maxHeld(left: number, limit: Limit): number {
  const refillPerSecond = limit.limit / limit.period_seconds;
  return Math.max(refillPerSecond * (maxHeldMs(limit) / 1_000), left * MAX_HELD_SHARE);
}

const maxHeldMs = ({ period_seconds }: Limit) =>
  Math.min(MAX_HELD_MS, period_seconds * 1_000 * MAX_HELD_PERIOD_SHARE);

/** Whether so few tokens are left that calls are likely to be refused. */
export const isScarce = (left: number, { limit }: Limit) => left < limit * SCARCE_SHARE;

/** What an isolate measures of its own calls. */
export interface Demand {
  readonly ratePerSecond: number;
  /** How long the object takes to respond. */
  readonly roundTripMs: number;
  readonly ttlMs: number;
}

/** How many tokens an isolate wants to hold: enough for the calls of the next two seconds, or less. */
export function desiredTokens({ ratePerSecond, roundTripMs, ttlMs }: Demand, limit: Limit): number {
  const ms = Math.min(
    limit.period_seconds * 1_000 * PREFETCH_PERIOD_SHARE + roundTripMs,
    maxHeldMs(limit),
    ttlMs * PREFETCH_TTL_SHARE,
  );
  return Math.floor((ratePerSecond * ms) / 1_000);
}

/** How many tokens an isolate spends until the object has responded. */
export const spentInRoundTrip = ({ ratePerSecond, roundTripMs }: Demand) =>
  (ratePerSecond * roundTripMs) / 1_000;

/** An isolate that holds fewer tokens than this prefetches. `left`: what the object said last. */
export function prefetchThreshold(demand: Demand, left: number, limit: Limit): number {
  const wanted = Math.floor(Math.min(desiredTokens(demand, limit), maxHeld(left, limit)));
  return Math.max(wanted * PREFETCH_BELOW_SHARE, spentInRoundTrip(demand) * ROUND_TRIP_RESERVE);
}

/** How long an isolate refuses calls by itself after a refusal, in ms; 0 if a token takes longer than that to come. */
export function refusalPauseMs(limit: Limit): number {
  const ms = Math.min(MAX_REFUSAL_PAUSE_MS, limit.period_seconds * 1_000 * REFUSAL_PAUSE_PERIOD_SHARE);
  return msUntilToken(0, limit) < ms ? ms : 0;
}

/**
 * How long the object holds a call that it would refuse, in ms, until its token has come; null to refuse it at once. If
 * tokens come slowly, a caller just below the rate is early whenever its last message was late and this one is not.
 */
export function callDelayMs({ granted, level, limit }: TokenResponse): number | null {
  const ms = msUntilToken(level, limit);
  return granted === false && msUntilToken(0, limit) >= MAX_CALL_DELAY_MS && ms <= MAX_CALL_DELAY_MS
    ? ms
    : null;
}
