/**
 * The object of the project's public keys (JWKS), the only place in the deployment that asks Stytch for them. They need
 * no key of Postern, so what a flood of requests may cost is bounded here: one upstream call in 15 minutes, one in a
 * minute for keys that session tokens name and the set does not have, and one in a second while Stytch fails. The last
 * good set is in memory only: an eviction of the object loses it, and isolates that have it go on with their own.
 */
import { DurableObject } from "cloudflare:workers";
import type { Failure } from "../errors.ts";
import { requireIsolateState } from "../isolate-state.ts";
import type { UpstreamCall } from "../log.ts";
import { type Counted, withCounts } from "../metrics/object-counts.ts";
import type { StytchFailure } from "../stytch/parse-response.ts";
import { jwksRead } from "../stytch/reads.ts";
import { Jwks } from "./jwks-schema.ts";
import { isRemembered, type JwksFailure, type JwksSet, type JwksState, jwksFreshness } from "./jwks-set.ts";

/** Anybody can make up the name of a key, so Stytch is asked about such names once in this time. */
const UNKNOWN_KID_PAUSE_MS = 60_000;

/** When Stytch was last asked for a key that a token names, early or in vain; ms since the epoch. */
const ASKED_FOR_KID_KEY = "asked-for-kid-at";

/** The name of the one object. */
export const PUBLIC_KEYS_NAME = "public-keys";

export type JwksRead = {
  /** Null if this caller's read made no upstream call. */
  readonly call: UpstreamCall | null;
} & (
  | { readonly set: JwksSet; readonly failure?: never }
  /** `set`: the last good one, of any age. `detail`: for the log, field paths and error types only. */
  | { readonly set: JwksSet | undefined; readonly failure: JwksFailure; readonly detail?: string }
);

/** For an isolate that has a set already. It does not look at the failure. */
const NOTHING_NEW: JwksRead = {
  set: undefined,
  failure: { at: 0, failure: { type: "upstream_unavailable" }, part: "upstream" },
  call: null,
};

export class PublicKeys extends DurableObject<Env> {
  readonly #known: JwksState = { set: undefined, failure: undefined };
  #inFlight: Promise<JwksRead> | undefined;
  /**
   * Resolves always, by the deadline of an upstream call. `kid`: the key that a token names, or null. A set without it is
   * refreshed before its time, unless that was done within a minute. `hasSet`: whether the isolate has a fresh set, which
   * lacks the key. Then it needs none from an object that has lost its own.
   */
  async read(kid: string | null = null, hasSet = false): Promise<JwksRead & Counted> {
    return withCounts(await this.#read(kid, hasSet), requireIsolateState(this.env));
  }

  async #read(kid: string | null, hasSet: boolean): Promise<JwksRead> {
    const { set, failure } = this.#known;
    const now = Date.now();
    const { cache } = requireIsolateState(this.env).config;
    const isFresh = set !== undefined && jwksFreshness(set, now, cache) === "fresh";
    if (isFresh && (kid === null || hasKey(set, kid))) return { set, call: null };
    const isForKid = kid !== null && (isFresh || hasSet);
    if (isForKid && this.#hasAskedForKid(now)) return isFresh ? { set, call: null } : NOTHING_NEW;
    if (failure !== undefined && isRemembered(failure, now)) return { set, failure, call: null };
    // Also if Stytch has the key: the next name that is made up must not cause another request.
    if (isForKid) this.#noteAskedForKid(now);
    this.#inFlight ??= this.#fetch().finally(() => {
      this.#inFlight = undefined;
    });
    this.ctx.waitUntil(this.#inFlight);
    const read = await this.#inFlight;
    if (kid !== null && (read.set === undefined || !hasKey(read.set, kid))) this.#noteAskedForKid(now);
    return read;
  }

  /** Stored, since an object without requests loses its memory: one row at most for each request to Stytch. */
  #noteAskedForKid(now: number): void {
    this.ctx.storage.kv.put(ASKED_FOR_KID_KEY, now);
  }

  /** False for a time in the future, which is of a clock that was set back. */
  #hasAskedForKid(now: number): boolean {
    const askedAt = this.ctx.storage.kv.get<number>(ASKED_FOR_KID_KEY);
    return askedAt !== undefined && now >= askedAt && now - askedAt < UNKNOWN_KID_PAUSE_MS;
  }

  async #fetch(): Promise<JwksRead> {
    const { config, stytch } = requireIsolateState(this.env);
    const { result, detail, call } = await stytch.fetch(jwksRead(config.stytch.projectId, Jwks));
    const at = Date.now();
    if (result.ok) {
      const set = { receivedAt: at, body: result.value.bytes };
      this.#known.set = set;
      return { set, call };
    }
    const failure = { at, failure: toFailure(result.failure), part: "upstream" } as const;
    this.#known.failure = failure;
    return { set: this.#known.set, failure, call, ...(detail === undefined ? {} : { detail }) };
  }
}

/** Parses the set: only tokens that name an unknown key lead here. */
function hasKey({ body }: JwksSet, kid: string): boolean {
  const { keys } = JSON.parse(new TextDecoder().decode(body)) as Jwks;
  return keys.some((key) => key["kid"] === kid);
}

/** The request is always for the deployment's own project, so a 404 or 400 says nothing of what a caller asked for. */
function toFailure(failure: StytchFailure): Failure {
  return failure === "not_found" || failure.type === "upstream_bad_request"
    ? { type: "upstream_rejected" }
    : failure;
}
