/**
 * Verifies presented keys without I/O, and remembers the MACs of genuine ones: a key that an isolate knows costs one
 * comparison.
 */
import type { Config } from "../config.ts";
import { BoundedMap } from "../platform/bounded-map.ts";
import {
  computeMac,
  importMacKey,
  MAC_CHARACTERS,
  parseKey,
  provingSecrets,
  type VerifiedKey,
} from "./key-format.ts";

const MAX_VERIFIED_MACS = 5_000;

interface VerifiedMac extends VerifiedKey {
  readonly mac: Uint8Array;
}

/** As secret as `KEY_SECRET`, which is in the memory of the same isolate. */
export class VerifiedMacs {
  readonly #config: Config;
  /** By the signed part of the key, which is all before its MAC. */
  readonly #verified = new BoundedMap<string, VerifiedMac>(MAX_VERIFIED_MACS);
  readonly #encoder = new TextEncoder();
  /** Scratch space. It is written and read without a pause in between, so requests cannot mix. */
  readonly #presentedMac = new Uint8Array(MAC_CHARACTERS);
  /** The keys themselves, not a promise of them: a request must not wait for the promise of another request. */
  #macKeys: readonly CryptoKey[] | null = null;

  constructor(config: Config) {
    this.#config = config;
  }

  get size(): number {
    return this.#verified.size;
  }

  /** Returns null if the isolate has not verified this key before. Synchronous: the MAC is compared, not computed. */
  verifyFromCache(key: string): VerifiedKey | null {
    const verified = this.#verified.get(key.slice(0, -MAC_CHARACTERS));
    return verified !== undefined && this.#hasSameMac(verified, key) ? verified : null;
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
      const expected = { keyId, generation, isOfPreviousSecret: index > 0, mac: this.#encoder.encode(mac) };
      if (!this.#hasSameMac(expected, key)) continue;
      // Only genuine keys are remembered, so a caller cannot fill the map with made-up ones.
      this.#verified.set(signedPart, expected);
      return expected;
    }
    return null;
  }

  #hasSameMac({ mac }: VerifiedMac, key: string): boolean {
    const { read } = this.#encoder.encodeInto(key.slice(-MAC_CHARACTERS), this.#presentedMac);
    // If a character takes more than a byte, the buffer is full before all characters are read.
    return read === MAC_CHARACTERS && crypto.subtle.timingSafeEqual(mac, this.#presentedMac);
  }
}
