/**
 * The form of a key, and how it proves itself without I/O:
 *
 *   pst_<test|live>_<key_id>_<generation><mac>
 *
 * `key_id` is 80 random bits, `generation` counts rotations, and `mac` is HMAC-SHA-256 (RFC 2104), by `KEY_SECRET`, of the Stytch
 * project and all that stands before it: a key of one project is none in another. All three are in a base32 of lower-case letters and digits. A key can be made again from its ID and
 * generation, so none needs to be kept anywhere; whoever holds `KEY_SECRET` can make any, so it is kept like a root key.
 */
import type { Config } from "../config.ts";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const KEY_ID_BYTES = 10;
/** 2^30 rotations. */
const GENERATION_CHARACTERS = 6;
/** 32 bytes in base32. */
const MAC_CHARACTERS = 52;

const KEY = new RegExp(
  `^(pst_(test|live)_([0-9a-z]{16})_([0-9a-z]{${GENERATION_CHARACTERS}}))([0-9a-z]{${MAC_CHARACTERS}})$`,
);

/** Whether a text holds what is a key by its form, genuine or not. */
export const containsKey = (text: string) => /pst_(test|live)_[0-9a-z]{16}_[0-9a-z]{50,64}/.test(text);

export interface VerifiedKey {
  readonly keyId: string;
  readonly generation: number;
}

/** A new random key ID, 16 characters. */
export function createKeyId(): string {
  return base32(crypto.getRandomValues(new Uint8Array(KEY_ID_BYTES)));
}

/** The key of this ID and generation. Without I/O. */
export async function issueKey(config: Config, keyId: string, generation: number): Promise<string> {
  const proved = `pst_${config.environment}_${keyId}_${encodeGeneration(generation)}`;
  return proved + (await computeMac(config, proved));
}

/**
 * Keys that have proved themselves in an isolate, by what stands before their MACs; the oldest goes first. As secret as `KEY_SECRET`, which
 * stands in the same memory.
 */
export type VerifiedMacs = Map<string, VerifiedMac>;

interface VerifiedMac extends VerifiedKey {
  readonly mac: Uint8Array;
}

const MAX_VERIFIED_MACS = 5_000;
const encoder = new TextEncoder();

/**
 * What `key` proves itself to be, or null where it is malformed, forged, or of another environment or deployment: no
 * caller learns which. Without I/O. Any change of any character ends here, since what is compared is the whole text.
 */
export async function verifyKey(
  config: Config,
  proofs: VerifiedMacs,
  key: string,
): Promise<VerifiedKey | null> {
  const proof = await expectedMac(config, key);
  if (proof === null || !hasSameMac(proof, key)) return null;
  // Only of keys that were made here: what a caller made up takes no room.
  proofs.set(key.slice(0, -MAC_CHARACTERS), proof);
  const [oldest] = proofs.keys();
  if (proofs.size > MAX_VERIFIED_MACS && oldest !== undefined) proofs.delete(oldest);
  return proof;
}

/** `proveKey` of a key that has proved itself before: one comparison. Null where it has not. */
export function verifyFromCache(proofs: VerifiedMacs, key: string): VerifiedKey | null {
  const proof = proofs.get(key.slice(0, -MAC_CHARACTERS));
  return proof !== undefined && hasSameMac(proof, key) ? proof : null;
}

/** Written to and read from without a pause in between. */
const presentedMac = new Uint8Array(MAC_CHARACTERS);

function hasSameMac({ mac }: VerifiedMac, key: string): boolean {
  const { read } = encoder.encodeInto(key.slice(-MAC_CHARACTERS), presentedMac);
  // Characters that take more than a byte leave some out.
  return read === MAC_CHARACTERS && crypto.subtle.timingSafeEqual(mac, presentedMac);
}

/** What a key of this form has to prove; null where none does. */
async function expectedMac(config: Config, key: string): Promise<VerifiedMac | null> {
  const [, proved, environment, keyId, generation] = KEY.exec(key) ?? [];
  if (proved === undefined || keyId === undefined || generation === undefined) return null;
  if (environment !== config.environment) return null;
  return {
    keyId,
    generation: decodeGeneration(generation),
    mac: encoder.encode(await computeMac(config, proved)),
  };
}

async function computeMac(config: Config, text: string): Promise<string> {
  const key = await hmacKey(config);
  return base32(
    new Uint8Array(
      await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${config.stytch.projectId} ${text}`)),
    ),
  );
}

const hmacKeys = new WeakMap<Config, CryptoKey>();

/** The key itself is kept, not the promise of it: a promise must not be shared between requests. */
async function hmacKey(config: Config): Promise<CryptoKey> {
  const kept = hmacKeys.get(config);
  if (kept !== undefined) return kept;
  const secret = new TextEncoder().encode(config.keySecret);
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  hmacKeys.set(config, key);
  return key;
}

function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >>> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text;
}

function encodeGeneration(value: number): string {
  let text = "";
  for (let rest = value; text.length < GENERATION_CHARACTERS; rest = Math.floor(rest / 32))
    text = ALPHABET[rest % 32] + text;
  return text;
}

/** Of what is in the alphabet where the MAC proves it; else of no matter. */
function decodeGeneration(digits: string): number {
  return [...digits].reduce((value, character) => value * 32 + ALPHABET.indexOf(character), 0);
}
