/** One well-formed RSA public key, the same on every import. Its private key does not exist. */

import { createRandom } from "./random.ts";
import type { JsonObject } from "./shapes.ts";

const MODULUS_BYTES = 256;

export const publicKey: JsonObject = createPublicKey(20_261_123);

function createPublicKey(seed: number): JsonObject {
  const random = createRandom(seed);
  const modulus = Array.from({ length: MODULUS_BYTES }, () => random.int(0, 255));
  // A valid modulus of full length has its top bit set and is odd.
  modulus[0] = 0xc5;
  modulus[MODULUS_BYTES - 1] = 0x4f;
  return {
    alg: "RS256",
    e: "AQAB",
    key_ops: ["verify"],
    kid: `jwk-test-${random.uuid()}`,
    kty: "RSA",
    n: toBase64Url(modulus),
    use: "sig",
  };
}

function toBase64Url(bytes: readonly number[]): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
