/**
 * The format of a key, from which it can be verified without I/O:
 *
 *   pst_<test|live>_<key_id>_<generation><mac>
 *
 * `key_id` is 80 random bits, and `generation` counts rotations. `mac` is the HMAC-SHA-256 (RFC 2104) of the Stytch
 * project ID and all that precedes it in the key, with `KEY_SECRET`: a key of one project is not valid in another. All
 * three are in Crockford base32, in lower case. A key can be computed again from its ID and generation, so no key is
 * stored anywhere. Whoever has `KEY_SECRET` can make any key, so it must be protected like a root key. So must
 * `KEY_SECRET_PREVIOUS` as long as it is set: keys made with it are honoured, and no more are made.
 */
import type { Config } from "../config.ts";

/** Crockford base32: digits and letters without i, l, o and u. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const KEY_ID_BYTES = 10;
/** Enough for 2^30 rotations. */
const GENERATION_CHARACTERS = 6;
/** 32 bytes in base32. */
const MAC_CHARACTERS = 52;

const KEY = new RegExp(
  `^(pst_(test|live)_([0-9a-z]{16})_([0-9a-z]{${GENERATION_CHARACTERS}}))[0-9a-z]{${MAC_CHARACTERS}}$`,
);

export interface VerifiedKey {
  readonly keyId: string;
  readonly generation: number;
  /** Whether `KEY_SECRET_PREVIOUS` proves it, and not `KEY_SECRET`. */
  readonly isOfPreviousSecret: boolean;
}

/** Returns a new random key ID of 16 characters. */
export function createKeyId(): string {
  return encodeBase32(crypto.getRandomValues(new Uint8Array(KEY_ID_BYTES)));
}

/** Returns the key of this ID and generation. No I/O. */
export async function issueKey(config: Config, keyId: string, generation: number): Promise<string> {
  const signedPart = `pst_${config.environment}_${keyId}_${encodeGeneration(generation)}`;
  const macKey = await importMacKey(config.keySecret);
  return signedPart + (await computeMac(macKey, config.stytch.projectId, signedPart));
}

/** Splits a key by its format; null if it has another. Verifies nothing. */
export function parseKey(key: string) {
  const [, signedPart, environment, keyId, generation] = KEY.exec(key) ?? [];
  if (signedPart === undefined || keyId === undefined || generation === undefined) return null;
  return { signedPart, environment, keyId, generation: decodeGeneration(generation) };
}

/** The secrets that prove keys and links, in the order in which they are tried: the one that makes them is the first. */
export function provingSecrets({ keySecret, previousKeySecret }: Config): readonly string[] {
  return previousKeySecret === undefined ? [keySecret] : [keySecret, previousKeySecret];
}

export async function importMacKey(keySecret: string): Promise<CryptoKey> {
  const secret = new TextEncoder().encode(keySecret);
  return await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

/** Returns the MAC in base32. */
export async function computeMac(macKey: CryptoKey, projectId: string, signedPart: string): Promise<string> {
  const signed = new TextEncoder().encode(`${projectId} ${signedPart}`);
  return encodeBase32(new Uint8Array(await crypto.subtle.sign("HMAC", macKey, signed)));
}

export function encodeBase32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let buffer = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(buffer >>> bits) & 31];
    }
    buffer &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET[(buffer << (5 - bits)) & 31] : text;
}

function encodeGeneration(value: number): string {
  let text = "";
  for (let rest = value; text.length < GENERATION_CHARACTERS; rest = Math.floor(rest / 32))
    text = ALPHABET[rest % 32] + text;
  return text;
}

/** Digits are not checked here: a key with a character outside the alphabet fails the MAC. */
function decodeGeneration(digits: string): number {
  return [...digits].reduce((value, digit) => value * 32 + ALPHABET.indexOf(digit), 0);
}
