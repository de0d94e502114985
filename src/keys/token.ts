/**
 * The isolate's side of a key's rate limit. Each call of a limited key takes a token of the key's object, which alone grants them: so the
 * limit holds whatever the number of isolates. While the object cannot be reached, the isolate goes on by itself from the last state
 * that the object told it.
 */
import { type Call, noteDegraded } from "../call.ts";
import { callObject } from "../object-call.ts";
import { type Bucket, full, type Limit, type Quota, quotaOf, take } from "./bucket.ts";
import { LEASE_WAIT_MS } from "./lease.ts";

/** The last state of each bucket that an isolate was told, by key ID. Plain data; the one told longest ago goes first. */
export type Told = Map<string, { readonly bucket: Bucket; readonly limit: Limit }>;

const MOST_TOLD = 5_000;

export interface Token {
  readonly granted: boolean;
  readonly quota: Quota;
}

/** What an object answers: the limit is its own word, which may be newer than the lease. Null: it knows of none. */
export type Taken = { readonly bucket: Bucket; readonly limit: Limit; readonly granted: boolean } | null;

/** `alone`: the object is known to fail, and is not asked. One object call, bounded in time. Never throws. */
export async function takeToken(
  call: Call,
  told: Told,
  keyId: string,
  limit: Limit,
  alone: boolean,
): Promise<Token | null> {
  const taken = alone ? undefined : await askForToken(call, keyId);
  if (taken === null) return null;
  const now = Date.now();
  const known = told.get(keyId) ?? { bucket: full(limit, now), limit };
  const state = taken ?? { ...take(known.bucket, known.limit, now), limit: known.limit };
  told.delete(keyId);
  told.set(keyId, { bucket: state.bucket, limit: state.limit });
  const [oldest] = told.keys();
  if (told.size > MOST_TOLD && oldest !== undefined) told.delete(oldest);
  return { granted: state.granted, quota: quotaOf(state.bucket, state.limit) };
}

/** Undefined where the object fails. */
async function askForToken(call: Call, keyId: string): Promise<Taken | undefined> {
  try {
    return await callObject(
      () => call.env.API_KEY.getByName(keyId),
      async (object) => await object.take(),
      LEASE_WAIT_MS,
    );
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
