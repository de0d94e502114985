/**
 * The isolate's side of a key's rate limit. Each call of a limited key takes a token of the key's object, which alone grants them: so the
 * limit holds whatever the number of isolates. Once it has refused one, the isolate refuses by itself until there can be another. While
 * the object cannot be reached, the isolate goes on by itself from the last state that the object told it.
 */
import { type Call, noteDegraded } from "../call.ts";
import { callObject } from "../object-call.ts";
import type { ApiKey } from "./api-key.ts";
import { type Bucket, full, type Limit, type Quota, quotaOf, take, underLimit } from "./bucket.ts";
import { LEASE_WAIT_MS } from "./lease.ts";
import type { KeyRecord } from "./record.ts";

/** The last state of each bucket that an isolate was told, by key ID. Plain data; the one told longest ago goes first. */
export type Told = Map<string, Known>;

interface Known {
  readonly bucket: Bucket;
  readonly limit: Limit;
}

const MOST_TOLD = 5_000;

export interface Token {
  readonly granted: boolean;
  readonly quota: Quota;
}

/** What an object answers: the limit is its own word, which may be newer than the lease. Null: it knows of none. */
export type Taken = { readonly bucket: Bucket; readonly limit: Limit; readonly granted: boolean } | null;

/** Takes a token. `alone`: the object is known to fail, and is not asked. One object call, bounded in time. Never throws. */
export async function takeToken(
  call: Call,
  told: Told,
  { key_id, rate_limit }: KeyRecord,
  alone: boolean,
): Promise<Token | null> {
  if (rate_limit === null) return null;
  if (isKnownEmpty(told.get(key_id), rate_limit, Date.now(), call.config.leaseSeconds)) {
    return { granted: false, quota: quotaOf(lastTold(told, key_id, rate_limit), rate_limit) };
  }
  const taken = alone ? undefined : await ask(call, key_id, async (object) => await object.take());
  if (taken === null) told.delete(key_id);
  if (taken === null) return null;
  const state = taken ?? {
    ...take(lastTold(told, key_id, rate_limit), rate_limit, Date.now()),
    limit: rate_limit,
  };
  note(told, key_id, state);
  return { granted: state.granted, quota: quotaOf(state.bucket, state.limit) };
}

/** What is left, without taking from it; null where the key has no limit. As `takeToken` in what it costs. */
export async function lookAtTokens(
  call: Call,
  told: Told,
  { key_id, rate_limit }: KeyRecord,
  alone: boolean,
): Promise<Quota | null> {
  if (rate_limit === null) return null;
  const seen = alone ? undefined : await ask(call, key_id, async (object) => await object.look());
  if (seen === null) return null;
  return seen === undefined
    ? quotaOf(lastTold(told, key_id, rate_limit), rate_limit)
    : quotaOf(seen.bucket, seen.limit);
}

/**
 * Whether the object has said that there is no token before a time that has not come: then a refusal needs no call, so that a flood of them
 * costs nothing. Others can only take, never give; but an operator may, so this holds for the time of a lease at most.
 */
function isKnownEmpty(known: Known | undefined, limit: Limit, now: number, leaseSeconds: number): boolean {
  if (known === undefined || known.limit.limit !== limit.limit) return false;
  if (known.limit.period_seconds !== limit.period_seconds) return false;
  const age = now - known.bucket.at;
  return age >= 0 && age < leaseSeconds * 1_000 && !take(known.bucket, limit, now).granted;
}

/** As of now, and under the limit of the lease, which an operator may have changed since. */
function lastTold(told: Told, keyId: string, limit: Limit): Bucket {
  const now = Date.now();
  const known = told.get(keyId);
  return known === undefined ? full(limit, now) : underLimit(known.bucket, known.limit, limit, now);
}

function note(told: Told, keyId: string, { bucket, limit }: Known): void {
  told.delete(keyId);
  told.set(keyId, { bucket, limit });
  const [oldest] = told.keys();
  if (told.size > MOST_TOLD && oldest !== undefined) told.delete(oldest);
}

/** Undefined where the object fails. */
async function ask<T>(
  call: Call,
  keyId: string,
  question: (object: DurableObjectStub<ApiKey>) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await callObject(() => call.env.API_KEY.getByName(keyId), question, LEASE_WAIT_MS);
  } catch {
    noteDegraded(call, "key_object");
    return undefined;
  }
}

/** draft-ietf-httpapi-ratelimit-headers-11: `t` is when the whole quota is there again. */
export function rateLimitHeaders({ limit, remaining, resetSeconds }: Quota): [string, string][] {
  return [
    ["RateLimit-Policy", `"key";q=${limit.limit};w=${limit.period_seconds}`],
    ["RateLimit", `"key";r=${remaining};t=${resetSeconds}`],
  ];
}
