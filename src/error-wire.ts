/**
 * The status, message and headers of each failure. One exhaustive switch, so that a new failure breaks the build. Pure.
 */
import type { Failure } from "./errors.ts";
import { IDENTIFIER_RULE } from "./stytch/identifier.ts";

export interface Wire {
  readonly status: 400 | 401 | 403 | 404 | 405 | 429 | 500 | 502 | 503 | 504;
  readonly message: string;
  /** If they differ from those of the failure's own type. */
  readonly errorType?: string;
  readonly errorUrl?: string;
  readonly headers?: ReadonlyArray<readonly [string, string]>;
  /** When to call again, if that is known: `Retry-After`, and the end of the message, have it in whole seconds. */
  readonly retryAfterSeconds?: number | undefined;
}

/** RFC 6750 §3: no error code if there were no credentials. */
const challenges = (error: "" | ', error="invalid_token"') =>
  [
    ["WWW-Authenticate", `Bearer realm="postern"${error}`],
    ["WWW-Authenticate", 'Basic realm="postern", charset="UTF-8"'],
  ] as const;

/** For an operator's token. `presented`: whether there was any. */
const bearerChallenge = (presented: boolean) =>
  [["WWW-Authenticate", `Bearer realm="postern"${presented ? ', error="invalid_token"' : ""}`]] as const;

const CHANGE_UNKNOWN = "It is not known whether the change was made.";

/** For a call that Postern does not offer. */
const ASK_STYTCH =
  "If it is a call of the Stytch API, make it to Stytch itself, with the project's own credentials.";

/** What was presented may be a secret: the message holds nothing of it. */
function describeInvalidKey(failure: Extract<Failure, { type: "invalid_key" }>): string {
  if (failure.looksLike === undefined) return "The key is not valid here.";
  const { looksLike, environment } = failure;
  switch (looksLike) {
    case "stytch_secret":
      return `This looks like a Stytch secret. Postern expects a key that begins with pst_${environment}_.`;
    case "other_environment":
      return `The key is for ${environment === "test" ? "live" : "test"}; this deployment serves ${environment}.`;
    case "no_key":
      return `Postern expects a key that begins with pst_${environment}_, as Bearer or as the password of Basic.`;
  }
}

export function toWire(failure: Failure): Wire {
  switch (failure.type) {
    case "invalid_organization_id":
      return { status: 400, message: `organization_id ${IDENTIFIER_RULE}.` };
    case "invalid_member_id":
      return { status: 400, message: `member_id ${IDENTIFIER_RULE}.` };
    case "invalid_connected_app_id":
      return { status: 400, message: `connected_app_id ${IDENTIFIER_RULE}.` };
    case "invalid_query_parameter":
      return { status: 400, message: `The query parameter ${failure.parameter} ${failure.rule}.` };
    case "invalid_request":
      return { status: 400, message: failure.message };
    case "missing_key":
      return {
        status: 401,
        message:
          "A Postern key is required: Authorization: Bearer <key>, or Basic with the key as the password.",
        headers: challenges(""),
      };
    case "invalid_key":
      return {
        status: 401,
        message: describeInvalidKey(failure),
        headers: challenges(', error="invalid_token"'),
      };
    case "expired_key":
      return { status: 401, message: "The key has expired.", headers: challenges(', error="invalid_token"') };
    case "revoked_key":
      return {
        status: 401,
        message: "The key has been revoked.",
        headers: challenges(', error="invalid_token"'),
      };
    case "invalid_session":
      return {
        status: 401,
        message: "The token is not accepted here as the session of a member.",
        headers: challenges(', error="invalid_token"'),
      };
    case "expired_session":
      return {
        status: 401,
        message: "The session token has expired. Get a new one from Stytch.",
        headers: challenges(', error="invalid_token"'),
      };
    case "revoked_session":
      return {
        status: 401,
        message: "The session has been revoked.",
        headers: challenges(', error="invalid_token"'),
      };
    case "invalid_admin_token":
      return {
        status: 401,
        message: "The admin API needs Authorization: Bearer <ADMIN_TOKEN>, or a sign-in to the console.",
        headers: bearerChallenge(failure.presented),
      };
    case "invalid_metrics_token":
      return {
        status: 401,
        message: "Metrics need Authorization: Bearer <METRICS_TOKEN> or <ADMIN_TOKEN>.",
        headers: bearerChallenge(failure.presented),
      };
    case "invalid_signature":
      return {
        status: 401,
        message: "The webhook is not signed with this deployment's secret, or was signed too long ago.",
        headers: [["WWW-Authenticate", 'Svix realm="postern"']],
      };
    case "insufficient_scope":
      return {
        status: 403,
        message:
          failure.scope === null
            ? "A member's session may not ask for this."
            : `The key or session lacks the scope ${failure.scope}.`,
        headers: [["WWW-Authenticate", scopeChallenge(failure.scope)]],
      };
    case "cross_site_request":
      return {
        status: 403,
        message: "A browser may send this from a page of Postern only (Sec-Fetch-Site: same-origin).",
      };
    case "ip_not_allowed":
      return {
        status: 403,
        message: `The key may not be used from this address: ${failure.address ?? "none was seen"}.`,
      };
    case "organization_not_found":
      return { status: 404, message: "Organization could not be found." };
    case "member_not_found":
      return { status: 404, message: "Member could not be found." };
    case "connected_app_not_found":
      return { status: 404, message: "Connected app could not be found." };
    case "key_not_found":
      return { status: 404, message: "Key could not be found." };
    case "handover_not_found":
      return { status: 404, message: "The link has been used, has ended, or never was one." };
    case "session_policy_not_found":
      return { status: 404, message: "No session policy is set, so members' sessions are refused." };
    case "route_not_found":
      return {
        status: 404,
        message: failure.isOfStytch
          ? `Postern does not serve this call. ${ASK_STYTCH}`
          : "The route provided is not supported.",
      };
    case "method_not_allowed":
      return {
        status: 405,
        message: failure.isOfStytch
          ? `Postern does not serve this call: the path supports ${failure.allow}. ${ASK_STYTCH}`
          : `The route supports ${failure.allow}.`,
        headers: [["Allow", failure.allow]],
      };
    case "too_many_requests":
      return {
        status: 429,
        message:
          failure.limited === "address"
            ? "Too many failed authentications came from this address."
            : `The ${failure.limited}'s rate limit is used up.`,
        retryAfterSeconds: failure.retryAfterSeconds,
      };
    case "upstream_bad_request":
      return {
        status: 400,
        errorType: failure.errorType,
        message: failure.errorMessage,
        errorUrl: failure.errorUrl,
      };
    case "upstream_invalid_response":
      return { status: 502, message: "Stytch sent an invalid response." };
    case "upstream_rejected":
      return { status: 502, message: "Stytch refused Postern's request." };
    case "upstream_rate_limited":
      return {
        status: 503,
        message: "Stytch is limiting Postern's requests.",
        retryAfterSeconds: failure.retryAfterSeconds,
      };
    case "upstream_unavailable":
      return {
        status: 503,
        message: `Stytch cannot be reached.${failure.retryAfterSeconds === undefined ? " Try again later." : ""}`,
        retryAfterSeconds: failure.retryAfterSeconds,
      };
    case "upstream_timeout":
      return { status: 504, message: "Stytch did not answer in time." };
    case "key_service_unavailable":
      return {
        status: 503,
        message: failure.isChangeUnknown ? CHANGE_UNKNOWN : "The key cannot be checked right now.",
        retryAfterSeconds: 1,
      };
    case "identity_unavailable":
      return {
        status: 503,
        message: "Cloudflare Access cannot tell who you are right now.",
        retryAfterSeconds: 1,
      };
    case "directory_unavailable":
      return {
        status: 503,
        message: failure.isChangeUnknown
          ? CHANGE_UNKNOWN
          : "The list of keys and events cannot be read right now.",
        retryAfterSeconds: 1,
      };
    case "purge_unavailable":
      return {
        status: 503,
        message: "It is not known whether the purge was made.",
        retryAfterSeconds: 1,
      };
    case "misconfigured":
      return { status: 500, message: "This deployment of Postern is not configured correctly." };
    case "internal_error":
      return { status: 500, message: "Oops, something seems to have gone wrong." };
  }
}

/** RFC 6750 §3. */
function scopeChallenge(scope: string | null): string {
  const challenge = 'Bearer realm="postern", error="insufficient_scope"';
  return scope === null ? challenge : `${challenge}, scope="${scope}"`;
}
