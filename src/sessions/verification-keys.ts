/** The project's public keys in the form in which they verify session tokens. */
import { createLocalJWKSet, type JSONWebKeySet } from "jose";
import type { JwksSet } from "../jwks/jwks-set.ts";

/** Finds the key of a token by its `kid`. Rejects with an error of `jose` if none, or more than one, fits. */
export type VerificationKeys = ReturnType<typeof createLocalJWKSet>;

/**
 * `body`: a JWK Set (RFC 7517 §5) that passed its schema. A key is imported when a token names it, and kept. Only keys
 * that fit the token's algorithm are found: by `kty`, `use`, `alg` and `key_ops`, as far as the key has them.
 */
export function parseVerificationKeys(body: Uint8Array): VerificationKeys {
  return createLocalJWKSet(JSON.parse(new TextDecoder().decode(body)) as JSONWebKeySet);
}

/** The keys of the set that an isolate verified with last. */
export class LatestVerificationKeys {
  #latest: { readonly set: JwksSet; readonly keys: VerificationKeys } | null = null;

  /** Parses the set unless it is the one of the last call. */
  of(set: JwksSet): VerificationKeys {
    if (this.#latest?.set !== set) this.#latest = { set, keys: parseVerificationKeys(set.body) };
    return this.#latest.keys;
  }
}
