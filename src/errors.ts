/**
 * Every way in which Postern refuses or fails, as one closed union, and the one function that turns it into what goes
 * over the wire: the shape of a Stytch error, so that the SDKs raise their `StytchError`. A failure carries no detail
 * of what went wrong inside; that goes to the log.
 */
export type Failure =
  /** The identifier of the path is out of bounds; nothing was sent upstream. */
  | { readonly type: "invalid_organization_id" | "invalid_member_id" }
  /** `include_deleted` is none of the values that the SDKs send. */
  | { readonly type: "invalid_query_parameter"; readonly parameter: string }
  /** An admin body or query is wrong; `message` names the field. */
  | { readonly type: "invalid_request"; readonly message: string }
  /** No credentials, or of another scheme than Bearer and Basic. */
  | { readonly type: "missing_key" }
  /** Malformed, forged, of the other environment, or never issued. */
  | { readonly type: "invalid_key" }
  /** A genuine key, past its end. */
  | { readonly type: "expired_key" | "revoked_key" }
  | { readonly type: "invalid_admin_token"; readonly presented: boolean }
  /** Not signed by Svix with the webhook secret, or too long ago. */
  | { readonly type: "invalid_signature" }
  | { readonly type: "insufficient_scope"; readonly scope: string }
  /** The key is bound to addresses, and the caller's is not among them. */
  | { readonly type: "ip_not_allowed" }
  /** Stytch does not know it, or the key may not: the caller cannot tell which. */
  | { readonly type: "organization_not_found" | "member_not_found" }
  | { readonly type: "key_not_found" | "route_not_found" }
  | { readonly type: "method_not_allowed"; readonly allow: string }
  /** The key's own rate limit, or too many calls with bad credentials from an address. */
  | {
      readonly type: "too_many_requests";
      readonly limited: "key" | "address";
      readonly retryAfterSeconds: number;
    }
  /** Stytch refused the identifier; rebuilt from the fields we know. */
  | {
      readonly type: "upstream_bad_request";
      readonly errorType: string;
      readonly errorMessage: string;
      readonly errorUrl: string;
    }
  /** Not JSON, too large, or against the schema. */
  | { readonly type: "upstream_invalid_response" }
  /** Stytch refused Postern itself: an operator's problem. */
  | { readonly type: "upstream_rejected" }
  | { readonly type: "upstream_rate_limited"; readonly retryAfterSeconds: number | undefined }
  /** Connection failures and 5xx; when to come again, where that is known. */
  | { readonly type: "upstream_unavailable"; readonly retryAfterSeconds?: number | undefined }
  /** The deadline of the whole upstream call passed. */
  | { readonly type: "upstream_timeout" }
  /** The key's own state cannot be read: says nothing of the key. */
  | { readonly type: "key_service_unavailable" }
  /** The Directory cannot be read, so nothing can be listed. */
  | { readonly type: "directory_unavailable" }
  /** The Directory did not say that it has listed the purge. */
  | { readonly type: "purge_unavailable" }
  /** The deployment's configuration is missing or bad. */
  | { readonly type: "misconfigured" }
  /** A defect. */
  | { readonly type: "internal_error" };

interface Wire {
  readonly status: 400 | 401 | 403 | 404 | 405 | 429 | 500 | 502 | 503 | 504;
  readonly message: string;
  /** Where they are not those of the failure's own type. */
  readonly errorType?: string;
  readonly errorUrl?: string;
  readonly headers?: ReadonlyArray<readonly [string, string]>;
}

/** What `isIdentifier` holds to. */
export const IDENTIFIER_RULE = "must be 1 to 256 characters, without control characters or any of / \\ ? # %";

/** For `Retry-After`: whole seconds, at least one. */
const wholeSeconds = (retryAfter: number) => String(Math.max(1, Math.ceil(retryAfter)));

const retryAfterHeader = (given: number | undefined) =>
  given === undefined ? [] : [["Retry-After", wholeSeconds(given)] as const];

/** RFC 6750 §3: no error code where there were no credentials. */
const challenges = (error: "" | ', error="invalid_token"') =>
  [
    ["WWW-Authenticate", `Bearer realm="postern"${error}`],
    ["WWW-Authenticate", 'Basic realm="postern", charset="UTF-8"'],
  ] as const;

function toWire(failure: Failure): Wire {
  switch (failure.type) {
    case "invalid_organization_id":
      return { status: 400, message: `organization_id ${IDENTIFIER_RULE}.` };
    case "invalid_member_id":
      return { status: 400, message: `member_id ${IDENTIFIER_RULE}.` };
    case "invalid_query_parameter":
      return { status: 400, message: `The query parameter ${failure.parameter} must be true or false.` };
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
        message: "The key is not valid here.",
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
    case "invalid_admin_token":
      return {
        status: 401,
        message: "The admin API needs Authorization: Bearer <ADMIN_TOKEN>.",
        headers: [
          ["WWW-Authenticate", `Bearer realm="postern"${failure.presented ? ', error="invalid_token"' : ""}`],
        ],
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
        message: `The key lacks the scope ${failure.scope}.`,
        headers: [
          [
            "WWW-Authenticate",
            `Bearer realm="postern", error="insufficient_scope", scope="${failure.scope}"`,
          ],
        ],
      };
    case "ip_not_allowed":
      return { status: 403, message: "The key may not be used from this address." };
    case "organization_not_found":
      return { status: 404, message: "Organization could not be found." };
    case "member_not_found":
      return { status: 404, message: "Member could not be found." };
    case "key_not_found":
      return { status: 404, message: "Key could not be found." };
    case "route_not_found":
      return { status: 404, message: "The route provided is not supported." };
    case "method_not_allowed":
      return {
        status: 405,
        message: `The route supports ${failure.allow}.`,
        headers: [["Allow", failure.allow]],
      };
    case "too_many_requests":
      return {
        status: 429,
        message:
          failure.limited === "key"
            ? `The key's rate limit is used up. Try again in ${wholeSeconds(failure.retryAfterSeconds)} s.`
            : "Too many calls without a valid key or token came from this address.",
        headers: [["Retry-After", wholeSeconds(failure.retryAfterSeconds)]],
      };
    case "upstream_bad_request":
      return {
        status: 400,
        errorType: failure.errorType,
        message: failure.errorMessage,
        errorUrl: failure.errorUrl,
      };
    case "upstream_invalid_response":
      return { status: 502, message: "Stytch gave an answer that Postern cannot vouch for." };
    case "upstream_rejected":
      return { status: 502, message: "Stytch refused Postern's request." };
    case "upstream_rate_limited":
      return {
        status: 503,
        message: "Stytch is limiting Postern's requests. Try again later.",
        headers: retryAfterHeader(failure.retryAfterSeconds),
      };
    case "upstream_unavailable":
      return {
        status: 503,
        message: "Stytch cannot be reached. Try again later.",
        headers: retryAfterHeader(failure.retryAfterSeconds),
      };
    case "upstream_timeout":
      return { status: 504, message: "Stytch did not answer in time." };
    case "key_service_unavailable":
      return {
        status: 503,
        message: "The key cannot be checked right now. Try again.",
        headers: [["Retry-After", "1"]],
      };
    case "directory_unavailable":
      return {
        status: 503,
        message: "The list of keys and events cannot be read right now. Try again.",
        headers: [["Retry-After", "1"]],
      };
    case "purge_unavailable":
      return {
        status: 503,
        message: "The purge could not be made sure of. Try again: it may be repeated.",
        headers: [["Retry-After", "1"]],
      };
    case "misconfigured":
      return { status: 500, message: "This deployment of Postern is not configured correctly." };
    case "internal_error":
      return { status: 500, message: "Oops, something seems to have gone wrong." };
  }
}

/**
 * The whole answer to a failure. `requestId` goes into the body as well, as the SDKs show it.
 * Its body has all five fields of a Stytch error, and never a key `error`, which the Node SDK takes for OAuth.
 */
export function failureResponse(failure: Failure, requestId: string, status?: 503): Response {
  const wire = toWire(failure);
  const statusCode = status ?? wire.status;
  const errorType = wire.errorType ?? failure.type;
  const body = {
    status_code: statusCode,
    request_id: requestId,
    error_type: errorType,
    error_message: wire.message,
    error_url: wire.errorUrl ?? `https://stytch.com/docs/b2b/api/errors/${statusCode}#${errorType}`,
  };
  const headers = new Headers({ "Content-Type": "application/json" });
  for (const [name, value] of wire.headers ?? []) headers.append(name, value);
  return new Response(JSON.stringify(body), { status: statusCode, headers });
}

/** The `error_type` that a caller sees, for the log. */
export function errorTypeOf(failure: Failure): string {
  return failure.type === "upstream_bad_request" ? failure.errorType : failure.type;
}

/** Thrown by handlers that are not on the path of a hit; Hono's `onError` answers it. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.type);
    this.failure = failure;
  }
}
