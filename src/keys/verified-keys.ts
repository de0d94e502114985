/** Verifies presented keys without I/O, and remembers genuine ones: a key that an isolate knows costs no MAC. */
import type { Config } from "../config.ts";
import { BoundedMap } from "../platform/bounded-map.ts";
import { computeMac, importMacKey, parseKey, provingSecrets, type VerifiedKey } from "./key-format.ts";

const MAX_VERIFIED_KEYS = 5_000;

/** The keys that it holds are no more secret than `KEY_SECRET`, which the same isolate holds. */
export class VerifiedKeys {
  readonly #config: Config;
  /**
   * By the whole text of the key. The time of a search does not help to guess one: V8 searches by a hash of the whole
   * text, and if it then compares a text at all, it compares several characters at a time, which are too many to guess.
   */
  readonly #verified = new BoundedMap<string, VerifiedKey>(MAX_VERIFIED_KEYS);
  readonly #encoder = new TextEncoder();
  /** The keys themselves, not a promise of them: a request must not wait for the promise of another request. */
  #macKeys: readonly CryptoKey[] | null = null;

  constructor(config: Config) {
    this.#config = config;
  }

  get size(): number {
    return this.#verified.size;
  }

  /** Returns null if the isolate has not verified this key before. */
  verifyFromCache(key: string): VerifiedKey | null {
    return this.#verified.get(key) ?? null;
  }

  /**
   * Returns null if the key is malformed, forged, or of another environment or deployment; the caller does not learn
   * which. No I/O: one MAC, or two at most while `KEY_SECRET_PREVIOUS` is set. The comparison covers the whole text of
   * the key, so a change of any character is detected.
   */
  async verify(key: string): Promise<VerifiedKey | null> {
    const parsed = parseKey(key);
    if (parsed === null || parsed.environment !== this.#config.environment) return null;
    const { signedPart, keyId, generation } = parsed;
    this.#macKeys ??= await Promise.all(provingSecrets(this.#config).map(importMacKey));
    for (const [index, macKey] of this.#macKeys.entries()) {
      const mac = await computeMac(macKey, this.#config.stytch.projectId, signedPart);
      const expected = signedPart + mac;
      if (!this.#isSame(expected, key)) continue;
      const verified = { keyId, generation, isOfPreviousSecret: index > 0 };
      // Only genuine keys are remembered, so a caller cannot fill the map with made-up ones.
      this.#verified.set(expected, verified);
      return verified;
    }
    return null;
  }

  /** Both have the form of a key, and so the same length. */
  #isSame(expected: string, presented: string): boolean {
    return crypto.subtle.timingSafeEqual(this.#encoder.encode(expected), this.#encoder.encode(presented));
  }
}
