/**
 * The key with which the sandbox signs session JWTs, and the tokens themselves, with the claims that Stytch gives them.
 * Each start of the sandbox makes a key of its own: a private key in the repository would be one that others know.
 */

import type { Json, JsonObject, Member, Organization } from "./shapes.ts";

const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

/** Stytch's session JWTs live for five minutes, whatever the session's own length is. */
const TOKEN_SECONDS = 300;
const SESSION_SECONDS = 3_600;

const SESSION = "https://stytch.com/session";
const ORGANIZATION = "https://stytch.com/organization";

const IMPERSONATED_FACTOR = {
  delivery_method: "impersonation",
  impersonated_factor: {
    impersonator_email_address: "support@operator.example",
    impersonator_id: "impersonator-test-sandbox",
  },
  type: "impersonated",
};

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JsonObject;
}

/**
 * What the token is: a member's session; one in which somebody of the project acts as the member, or whose time is over;
 * or no session at all, but signed by the same key for the same audience: the access token of a Connected App or of a
 * machine (M2M), or the session of a consumer user.
 */
export const TOKEN_KINDS = [
  "session",
  "impersonated",
  "expired",
  "connected_app",
  "m2m",
  "consumer",
] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

/** What a caller of `POST /_sandbox/sessions` may choose. */
export interface SessionOptions {
  readonly kind: TokenKind;
  /** Seconds since the token was issued; 0 by default. */
  readonly ageSeconds: number;
  /** Added to the claims, or put in place of them. */
  readonly claims: JsonObject;
}

export class SessionSigner {
  #key: Promise<SigningKey> | undefined;

  /** The public key as a JWK (RFC 7517). */
  async publicJwk(): Promise<JsonObject> {
    return (await this.#signingKey()).publicJwk;
  }

  /** Returns a session JWT of the member, signed with RS256 (RFC 7515). */
  async sign(
    projectId: string,
    member: Member,
    organization: Organization,
    options: SessionOptions,
  ): Promise<string> {
    const { kid, privateKey } = await this.#signingKey();
    const age =
      options.kind === "expired" ? Math.max(options.ageSeconds, 2 * TOKEN_SECONDS) : options.ageSeconds;
    const issuedAt = Math.floor(Date.now() / 1_000) - age;
    const header = { alg: "RS256", kid, typ: "JWT" };
    const session = createClaims(projectId, member, organization, issuedAt);
    const claims = { ...claimsOf(options.kind, session), ...options.claims };
    const signed = `${encodePart(header)}.${encodePart(claims)}`;
    const signature = await crypto.subtle.sign(ALGORITHM, privateKey, new TextEncoder().encode(signed));
    return `${signed}.${toBase64Url(new Uint8Array(signature))}`;
  }

  #signingKey(): Promise<SigningKey> {
    this.#key ??= createSigningKey();
    return this.#key;
  }
}

async function createSigningKey(): Promise<SigningKey> {
  const parameters = { ...ALGORITHM, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  const pair = (await crypto.subtle.generateKey(parameters, true, ["sign", "verify"])) as CryptoKeyPair;
  const { n, e } = (await crypto.subtle.exportKey("jwk", pair.publicKey)) as JsonWebKey;
  if (n === undefined || e === undefined) throw new Error("The platform exported a key without its numbers.");
  const kid = `jwk-test-${crypto.randomUUID()}`;
  const publicJwk = { alg: "RS256", e, key_ops: ["verify"], kid, kty: "RSA", n, use: "sig" };
  return { kid, privateKey: pair.privateKey, publicJwk };
}

function createClaims(
  projectId: string,
  member: Member,
  organization: Organization,
  issuedAt: number,
): JsonObject {
  const startedAt = toTimestamp(issuedAt);
  return {
    aud: [projectId],
    exp: issuedAt + TOKEN_SECONDS,
    iat: issuedAt,
    iss: `stytch.com/${projectId}`,
    nbf: issuedAt,
    sub: member.member_id,
    [ORGANIZATION]: {
      organization_id: organization.organization_id,
      slug: organization.organization_slug,
    },
    [SESSION]: {
      attributes: { ip_address: "203.0.113.1", user_agent: "" },
      authentication_factors: [
        {
          delivery_method: "email",
          email_factor: { email_address: member.email_address, email_id: "email-test-sandbox" },
          last_authenticated_at: startedAt,
          type: "magic_link",
        },
      ],
      expires_at: toTimestamp(issuedAt + SESSION_SECONDS),
      id: `member-session-test-${crypto.randomUUID()}`,
      last_accessed_at: startedAt,
      roles: rolesOf(member),
      started_at: startedAt,
    },
  };
}

/** The claims of a token of this kind, from those of a session. */
function claimsOf(kind: TokenKind, session: JsonObject): JsonObject {
  const { [SESSION]: sessionClaim, [ORGANIZATION]: organizationClaim = null, ...common } = session;
  switch (kind) {
    case "session":
    case "expired":
      return session;
    case "impersonated": {
      const claim = { ...(sessionClaim as JsonObject), authentication_factors: [IMPERSONATED_FACTOR] };
      return { ...session, [SESSION]: claim };
    }
    case "connected_app":
      return {
        ...common,
        client_id: "connected-app-test-11111111-1111-4111-8111-111111111111",
        scope: "openid profile",
        [ORGANIZATION]: organizationClaim,
      };
    case "m2m": {
      const client = "m2m-client-test-11111111-1111-4111-8111-111111111111";
      return { ...common, sub: client, client_id: client, scope: "read:users" };
    }
    case "consumer":
      return {
        ...common,
        sub: "user-test-11111111-1111-4111-8111-111111111111",
        [SESSION]: sessionClaim ?? null,
      };
  }
}

function rolesOf({ roles }: Member): Json[] {
  if (!Array.isArray(roles)) return ["stytch_member"];
  return roles.flatMap((role) =>
    typeof role === "object" && role !== null && "role_id" in role ? [role["role_id"] ?? ""] : [],
  );
}

const toTimestamp = (seconds: number) => new Date(seconds * 1_000).toISOString().replace(".000Z", "Z");

const encodePart = (value: JsonObject) => toBase64Url(new TextEncoder().encode(JSON.stringify(value)));

function toBase64Url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
