/** Session JWTs of members, as Stytch signs them, and those that nobody should accept. */
import { type Json, organization } from "./bodies.ts";
import { TEST_VARS } from "./vars.ts";

const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

export const SESSION_CLAIM = "https://stytch.com/session";
export const ORGANIZATION_CLAIM = "https://stytch.com/organization";

/** A key pair that signs tokens, with the public half as a JWK. */
export interface TokenSigner {
  readonly kid: string;
  readonly jwk: Json;
  /** The compact serialization (RFC 7515 §7.1). `undefined` leaves a claim or a header parameter out. */
  sign(claims: Json, header?: Json): Promise<string>;
  /** The same with texts that may be no JSON. */
  signTexts(header: string, payload: string): Promise<string>;
}

export async function createSigner(
  kid = `jwk-test-${crypto.randomUUID()}`,
  modulusLength = 2_048,
): Promise<TokenSigner> {
  const parameters = { ...ALGORITHM, modulusLength, publicExponent: new Uint8Array([1, 0, 1]) };
  const pair = (await crypto.subtle.generateKey(parameters, true, ["sign", "verify"])) as CryptoKeyPair;
  const { n, e } = (await crypto.subtle.exportKey("jwk", pair.publicKey)) as JsonWebKey;
  const signer: TokenSigner = {
    kid,
    jwk: { alg: "RS256", e, key_ops: ["verify"], kid, kty: "RSA", n, use: "sig" },
    sign: async (claims, header = {}) =>
      await signer.signTexts(
        JSON.stringify({ alg: "RS256", kid, typ: "JWT", ...header }),
        JSON.stringify(claims),
      ),
    signTexts: async (header, payload) => {
      const signed = `${encodeText(header)}.${encodeText(payload)}`;
      const bytes = new TextEncoder().encode(signed);
      return `${signed}.${encodeBytes(await crypto.subtle.sign(ALGORITHM, pair.privateKey, bytes))}`;
    },
  };
  return signer;
}

export const encodeText = (text: string) => encodeBytes(new TextEncoder().encode(text));

export function encodeBytes(bytes: ArrayBuffer | Uint8Array): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The claims of a session JWT that Stytch issues at `now`, in ms, to a member of an organization. */
export function sessionClaims(now: number, fields: Json = {}, ofSession: Json = {}): Json {
  const issuedAt = Math.floor(now / 1_000);
  const startedAt = new Date(now).toISOString();
  return {
    aud: [TEST_VARS.STYTCH_PROJECT_ID],
    exp: issuedAt + 300,
    iat: issuedAt,
    iss: `stytch.com/${TEST_VARS.STYTCH_PROJECT_ID}`,
    nbf: issuedAt,
    sub: `member-test-${crypto.randomUUID()}`,
    [ORGANIZATION_CLAIM]: { organization_id: organization()["organization_id"], slug: "acme" },
    [SESSION_CLAIM]: {
      attributes: { ip_address: "203.0.113.1", user_agent: "" },
      authentication_factors: [
        {
          delivery_method: "email",
          email_factor: { email_address: "ada@acme.example", email_id: "email-test-1" },
          last_authenticated_at: startedAt,
          type: "magic_link",
        },
      ],
      expires_at: new Date(now + 3_600_000).toISOString(),
      id: `member-session-test-${crypto.randomUUID()}`,
      last_accessed_at: startedAt,
      roles: ["stytch_member"],
      started_at: startedAt,
      ...ofSession,
    },
    ...fields,
  };
}

/** The factor of a session in which somebody of the project acts as the member. */
export const IMPERSONATED_FACTOR = {
  delivery_method: "impersonation",
  impersonated_factor: {
    impersonator_email_address: "operator@postern.example",
    impersonator_id: "impersonator-1",
  },
  type: "impersonated",
};
