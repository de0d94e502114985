/**
 * Tells a session JWT of a member of this project from everything else. The rules are those of docs/client-apps.md. No
 * I/O: the keys are given.
 *
 *   form of the text → header → key by `kid` → signature → audience, issuer, times → claims of Stytch
 *
 * Tokens of machines (M2M) and of Connected Apps have the same keys, issuer and audience as sessions. Only Stytch's own
 * claims, whose names begin with `https://stytch.com/`, tell them apart, so nothing else counts.
 */
import { decodeProtectedHeader, errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from "jose";
import * as z from "zod";
import { failed, type Result, success } from "../result.ts";
import { isIdentifier } from "../stytch/identifier.ts";
import type { VerificationKeys } from "./verification-keys.ts";

/** What a genuine token says of itself. Times are NumericDates: seconds since the epoch (RFC 7519 §2). */
export interface Session {
  readonly sessionId: string;
  readonly memberId: string;
  readonly organizationId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** True if somebody of the project acts as the member. */
  readonly isImpersonated: boolean;
}

export interface SessionExpectations {
  readonly projectId: string;
  /** Each of them may have issued the token. */
  readonly issuers: readonly string[];
}

/** `unknown_kid`: none of the keys has the name that the token gives. `expired_session`: genuine, and past its end. */
export type SessionProblem = "invalid_session" | "expired_session" | "unknown_kid";

/** How far the clocks of Stytch and Postern may be apart. */
export const CLOCK_TOLERANCE_SECONDS = 5;

/** A session with ten factors and 4 KB of claims of the operator's own has fewer. */
const MAX_SESSION_CHARACTERS = 8_192;

/**
 * The compact serialization (RFC 7515 §7.1) in its only canonical spelling: base64url without padding, and the bits of a
 * last character that encode nothing are 0. So no change of a token's text leaves it valid.
 */
const COMPACT_JWS = (() => {
  const part = "(?:[\\w-]{4})*(?:[\\w-]{4}|[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])";
  return new RegExp(`^${part}\\.${part}\\.${part}$`);
})();

const ALGORITHM = "RS256";

/** Parameters by which a token would choose its own key, or demand what Postern does not know (RFC 7515 §4.1). */
const REFUSED_PARAMETERS = ["jku", "jwk", "x5u", "x5c", "crit", "b64"];

const SESSION = "https://stytch.com/session";
const ORGANIZATION = "https://stytch.com/organization";

/** The last second that a `Date` can have. */
const MAX_NUMERIC_DATE = 8_640_000_000_000;
const numericDate = z.number().min(0).max(MAX_NUMERIC_DATE);

const SessionClaims = z.object({
  sub: z.string().refine((text) => /^member-./s.test(text) && isIdentifier(text)),
  iat: numericDate,
  exp: numericDate,
  nbf: numericDate.optional(),
  [ORGANIZATION]: z.object({ organization_id: z.string().refine(isIdentifier) }),
  [SESSION]: z.object({
    id: z.string().min(1),
    authentication_factors: z
      .array(z.object({ type: z.unknown().optional(), impersonated_factor: z.unknown().optional() }))
      .nullish(),
  }),
  // Access tokens of machines and Connected Apps have both. A null is a claim, too.
  client_id: z.undefined().optional(),
  scope: z.undefined().optional(),
});

/** True for a text in the form of a token. Nothing of it is decoded. */
export function isSessionToken(text: string): boolean {
  return text.length <= MAX_SESSION_CHARACTERS && COMPACT_JWS.test(text);
}

/** The name of the key in an unverified token; null if its header is not that of a session. */
export function kidOf(token: string): string | null {
  try {
    const header = decodeProtectedHeader(token);
    return isAcceptable(header) ? header.kid : null;
  } catch {
    return null;
  }
}

/** Never rejects. `now`: ms since the epoch. The age of the token is not limited here: that is the policy's. */
export async function verifySession(
  token: string,
  keys: VerificationKeys,
  { projectId, issuers }: SessionExpectations,
  now: number,
): Promise<Result<Session, SessionProblem>> {
  if (!isSessionToken(token)) return failed("invalid_session");
  const options = {
    algorithms: [ALGORITHM],
    audience: projectId,
    issuer: [...issuers],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    currentDate: new Date(now),
  };
  try {
    const { payload } = await verifyWithAnyKey(token, keys, options);
    return toSession(payload, now) ?? failed("invalid_session");
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return failed("unknown_kid");
    // The signature, the audience and the issuer were good.
    if (!(error instanceof errors.JWTExpired) || toSession(error.payload, now) === null)
      return failed("invalid_session");
    return failed("expired_session");
  }
}

type VerifyOptions = NonNullable<Parameters<typeof jwtVerify>[2]>;

/** Rejects unless the token is good. If several keys have its `kid`, each of them may have signed it. */
async function verifyWithAnyKey(token: string, keys: VerificationKeys, options: VerifyOptions) {
  try {
    return await jwtVerify(
      token,
      (header, jws) => {
        if (!isAcceptable(header)) throw new errors.JWSInvalid();
        return keys(header, jws);
      },
      options,
    );
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let latest: unknown = error;
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, options);
      } catch (failure) {
        if (failure instanceof errors.JWTExpired) throw failure;
        latest = failure;
      }
    }
    throw latest;
  }
}

/** `at+jwt` (RFC 9068) and other types are tokens for something else. */
function isAcceptable(
  header: Partial<JWTHeaderParameters>,
): header is Partial<JWTHeaderParameters> & { readonly kid: string } {
  const { kid, typ } = header;
  return (
    typeof kid === "string" &&
    kid !== "" &&
    (typ === undefined || typ === "JWT") &&
    !REFUSED_PARAMETERS.some((name) => Object.hasOwn(header, name))
  );
}

/** Null if the claims are not those of a member's session. */
function toSession(payload: JWTPayload, now: number): Result<Session, never> | null {
  const parsed = SessionClaims.safeParse(payload);
  if (!parsed.success) return null;
  const { sub, iat, exp, [SESSION]: session, [ORGANIZATION]: organization } = parsed.data;
  if (iat > now / 1_000 + CLOCK_TOLERANCE_SECONDS) return null;
  return success({
    sessionId: session.id,
    memberId: sub,
    organizationId: organization.organization_id,
    issuedAt: iat,
    expiresAt: exp,
    isImpersonated: (session.authentication_factors ?? []).some(
      ({ type, impersonated_factor: factor }) =>
        type === "impersonated" || (factor !== undefined && factor !== null),
    ),
  });
}
