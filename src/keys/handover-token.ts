/**
 * The token of a link that hands a key over once:
 *
 *   handover_<key_id>_<secret><mac>
 *
 * `secret` is 128 random bits, and `mac` half of the HMAC-SHA-256 (RFC 2104 §5) of the Stytch project ID and all that
 * precedes it, with `KEY_SECRET`. So a forged token is refused without I/O, as is every token of an earlier
 * `KEY_SECRET` but `KEY_SECRET_PREVIOUS`. The key's object stores a hash of the token. The key is in neither: it is
 * computed when the link is used, always with `KEY_SECRET`.
 */
import type { Config } from "../config.ts";
import { computeMac, encodeBase32, importMacKey, provingSecrets } from "./key-format.ts";

const SECRET_BYTES = 16;
/** 16 bytes in base32. */
const HALF_CHARACTERS = 26;

const HANDOVER_TOKEN = new RegExp(
  `^(handover_([0-9a-z]{16})_[0-9a-z]{${HALF_CHARACTERS}})[0-9a-z]{${HALF_CHARACTERS}}$`,
);

/** Returns a new token for this key. No I/O. */
export async function createHandoverToken(config: Config, keyId: string): Promise<string> {
  const secret = encodeBase32(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
  const signedPart = `handover_${keyId}_${secret}`;
  return signedPart + (await macOf(config, config.keySecret, signedPart));
}

/** Returns the ID of the key that the token names; null if the token is malformed or was not made here. No I/O. */
export async function verifyHandoverToken(config: Config, token: string): Promise<string | null> {
  const [, signedPart, keyId] = HANDOVER_TOKEN.exec(token) ?? [];
  if (signedPart === undefined || keyId === undefined) return null;
  const encoder = new TextEncoder();
  for (const secret of provingSecrets(config)) {
    const expected = encoder.encode(signedPart + (await macOf(config, secret, signedPart)));
    if (crypto.subtle.timingSafeEqual(expected, encoder.encode(token))) return keyId;
  }
  return null;
}

/** The only thing that is stored of a token. */
export async function hashHandoverToken(token: string): Promise<string> {
  return encodeBase32(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token))));
}

async function macOf({ stytch }: Config, secret: string, signedPart: string): Promise<string> {
  const mac = await computeMac(await importMacKey(secret), stytch.projectId, signedPart);
  return mac.slice(0, HALF_CHARACTERS);
}
