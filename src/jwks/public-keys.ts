/**
 * The object of the project's public keys (JWKS), in the whole deployment the only place that asks Stytch for them: they need no key of
 * Postern's, so what a flood of requests may cost is bounded here. Once in 15 minutes, and once in a second while Stytch fails.
 */
import { DurableObject } from "cloudflare:workers";
import * as z from "zod";
import { configOf } from "../config.ts";
import type { Failure } from "../errors.ts";
import type { UpstreamCall } from "../log.ts";
import { stytchClientOf } from "../stytch/client-of.ts";

/** What Stytch itself says of them: `public, max-age=900`. */
export const JWKS_FRESH_MS = 900_000;
/** How long a failure is the answer. */
export const JWKS_NEGATIVE_MS = 1_000;
/** The object's name: there is one. */
export const PUBLIC_KEYS_NAME = "public-keys";

/** RFC 7517 §5, in Stytch's envelope. */
const Jwks = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

export type JwksRead = {
  /** When Stytch answered, ms since the epoch. */
  readonly at: number;
  /** Null where this caller's read made none. */
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
    const configured = configOf(this.env);
    // Workers refuse every request before they come here.
    if (!("config" in configured)) throw new Error("misconfigured");
    const { result, detail, call } = await stytchClientOf(configured.config).fetchJwks(Jwks);
    const at = Date.now();
    if (result.ok) this.#last = { at, call, body: result.value.bytes };
    else {
      const failure: Failure = result.failure === "not_found" ? { type: "route_not_found" } : result.failure;
      this.#last = { at, call, failure, ...(detail === undefined ? {} : { detail }) };
    }
    return this.#last;
  }
}

/** Whether it is to be answered again as it is. */
export function isCurrent(read: JwksRead, now: number): boolean {
  const age = now - read.at;
  // One from the future is of another clock: it says nothing of how old it is.
  return age >= 0 && age < (read.failure === undefined ? JWKS_FRESH_MS : JWKS_NEGATIVE_MS);
}
