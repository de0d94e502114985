/**
 * The object of the project's public keys (JWKS), the only place in the deployment that asks Stytch for them. They need
 * no key of Postern, so what a flood of requests may cost is bounded here: one upstream call in 15 minutes, one in a
 * minute for keys that session tokens name and the set does not have, and one in a second while Stytch fails. The last
 * good set is in memory only: an eviction of the object loses it, and isolates that have it go on with their own.
 */
import { DurableObject } from "cloudflare:workers";
import * as z from "zod";
import type { Failure } from "../errors.ts";
import { requireIsolateState } from "../isolate-state.ts";
import type { UpstreamCall } from "../log.ts";
import type { StytchFailure } from "../stytch/parse-response.ts";
import { jwksRead } from "../stytch/reads.ts";
import { isRemembered, type JwksFailure, type JwksSet, type JwksState, jwksFreshness } from "./jwks-set.ts";

/** Anybody can make up the name of a key, so Stytch is asked about such names once in this time. */
const UNKNOWN_KID_PAUSE_MS = 60_000;

/** The name of the one object. */
export const PUBLIC_KEYS_NAME = "public-keys";

/**
 * RFC 7517 §5, in Stytch's envelope. A project always has keys, so a set without any is a failure: clients that took it
 * in would refuse every session.
 */
const Jwks = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) });

export type JwksRead = {
  /** Null if this caller's read made no upstream call. */
  readonly call: UpstreamCall | null;
} & (
  | { readonly set: JwksSet; readonly failure?: never }
  /** `set`: the last good one, of any age. `detail`: for the log, field paths and error types only. */
  | { readonly set: JwksSet | undefined; readonly failure: JwksFailure; readonly detail?: string }
);

export class PublicKeys extends DurableObject<Env> {
  readonly #known: JwksState = { set: undefined, failure: undefined };
  #inFlight: Promise<JwksRead> | undefined;
  /** When Stytch was last asked for a key that a token names, early or in vain; ms since the epoch. */
  #askedForKidAt = Number.NEGATIVE_INFINITY;

  /**
   * Resolves always, by the deadline of an upstream call. `kid`: the key that a token names, or null. A set without it is
   * refreshed before its time, unless that was done within a minute.
   */
  async read(kid: string | null = null): Promise<JwksRead> {
    const { set, failure } = this.#known;
    const now = Date.now();
    const { cache } = requireIsolateState(this.env).config;
    const isFresh = set !== undefined && jwksFreshness(set, now, cache) === "fresh";
    if (isFresh) {
      if (kid === null || hasKey(set, kid) || this.#hasAskedForKid(now)) return { set, call: null };
    }
    if (failure !== undefined && isRemembered(failure, now)) return { set, failure, call: null };
    // Also if Stytch has the key: the next name that is made up must not cause another request.
    if (isFresh) this.#askedForKidAt = now;
    this.#inFlight ??= this.#fetch().finally(() => {
      this.#inFlight = undefined;
    });
    this.ctx.waitUntil(this.#inFlight);
    const read = await this.#inFlight;
    if (kid !== null && (read.set === undefined || !hasKey(read.set, kid))) this.#askedForKidAt = now;
    return read;
  }

  /** False for a time in the future, which is of a clock that was set back. */
  #hasAskedForKid(now: number): boolean {
    return now >= this.#askedForKidAt && now - this.#askedForKidAt < UNKNOWN_KID_PAUSE_MS;
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
  const { keys } = JSON.parse(new TextDecoder().decode(body)) as z.output<typeof Jwks>;
  return keys.some((key) => key["kid"] === kid);
}

/** The request is always for the deployment's own project, so a 404 or 400 says nothing of what a caller asked for. */
function toFailure(failure: StytchFailure): Failure {
  return failure === "not_found" || failure.type === "upstream_bad_request"
    ? { type: "upstream_rejected" }
    : failure;
}
