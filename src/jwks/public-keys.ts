/**
 * The object of the project's public keys (JWKS), the only place in the deployment that asks Stytch for them. They need
 * no key of Postern, so what a flood of requests may cost is bounded here: one upstream call in 15 minutes, and one in
 * a second while Stytch fails.
 */
import { DurableObject } from "cloudflare:workers";
import * as z from "zod";
import type { Failure } from "../errors.ts";
import { requireIsolateState } from "../isolate-state.ts";
import type { UpstreamCall } from "../log.ts";

/** Stytch itself answers `Cache-Control: public, max-age=900`. */
export const JWKS_FRESH_MS = 900_000;
/** How long a failure is remembered. */
export const JWKS_NEGATIVE_MS = 1_000;
/** The name of the one object. */
export const PUBLIC_KEYS_NAME = "public-keys";

/** RFC 7517 §5, in Stytch's envelope. */
const Jwks = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

export type JwksRead = {
  /** When Stytch answered, ms since the epoch. */
  readonly at: number;
  /** Null if this caller's read made no upstream call. */
  readonly call: UpstreamCall | null;
} & (
  | { readonly body: Uint8Array<ArrayBuffer>; readonly failure?: never }
  | { readonly failure: Failure; readonly detail?: string }
);

export class PublicKeys extends DurableObject<Env> {
  #last: JwksRead | undefined;
  #inFlight: Promise<JwksRead> | undefined;

  /** Resolves always, by the deadline of an upstream call. */
  async read(): Promise<JwksRead> {
    if (this.#last !== undefined && isCurrent(this.#last, Date.now())) return { ...this.#last, call: null };
    this.#inFlight ??= this.#fetch().finally(() => {
      this.#inFlight = undefined;
    });
    this.ctx.waitUntil(this.#inFlight);
    return await this.#inFlight;
  }

  async #fetch(): Promise<JwksRead> {
    const { result, detail, call } = await requireIsolateState(this.env).stytch.fetchJwks(Jwks);
    const at = Date.now();
    if (result.ok) this.#last = { at, call, body: result.value.bytes };
    else {
      const failure: Failure =
        result.failure === "not_found" ? { type: "upstream_rejected" } : result.failure;
      this.#last = { at, call, failure, ...(detail === undefined ? {} : { detail }) };
    }
    return this.#last;
  }
}

/** True if the object or an isolate may answer with this again. */
export function isCurrent(read: JwksRead, now: number): boolean {
  const age = now - read.at;
  // A read from the future has the time of another clock, so its age is unknown.
  return age >= 0 && age < (read.failure === undefined ? JWKS_FRESH_MS : JWKS_NEGATIVE_MS);
}
