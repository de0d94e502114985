/**
 * Every way in which Postern refuses or fails, as one closed union. A failure carries no detail of what went wrong
 * inside; that goes to the log. `error-response.ts` turns it into the answer.
 */

export type Failure =
  /** The identifier of the path is out of bounds; nothing was sent upstream. */
  | { readonly type: "invalid_organization_id" | "invalid_member_id" | "invalid_connected_app_id" }
  /** A query parameter is out of bounds. */
  | { readonly type: "invalid_query_parameter"; readonly parameter: string; readonly rule: string }
  /** An admin body or query is invalid; `message` names the field. */
  | { readonly type: "invalid_request"; readonly message: string }
  /** There are no credentials, or they are neither Bearer nor Basic. */
  | { readonly type: "missing_key" }
  /** The key is malformed, forged, of the other environment, or was never issued. */
  | { readonly type: "invalid_key"; readonly looksLike?: never }
  /** The same, if its first characters tell that it is no key of this deployment, whose `environment` this is. */
  | {
      readonly type: "invalid_key";
      readonly looksLike: "stytch_secret" | "other_environment" | "no_key";
      readonly environment: "test" | "live";
    }
  /** The key is genuine and has ended. */
  | { readonly type: "expired_key" | "revoked_key" }
  /** The token is no session of a member of this project, or sessions are not accepted: the caller does not learn which. */
  | { readonly type: "invalid_session" }
  /** The session is genuine; its token has ended, or was issued longer ago than the policy allows, or is revoked. */
  | { readonly type: "expired_session" | "revoked_session" }
  | { readonly type: "invalid_admin_token" | "invalid_metrics_token"; readonly presented: boolean }
  /** Svix has not signed the webhook with this deployment's secret, or too long ago. */
  | { readonly type: "invalid_signature" }
  /** `scope`: the missing one; null if no scope lets a session do this. */
  | { readonly type: "insufficient_scope"; readonly scope: string | null }
  /** A browser says that the request comes from another site, or does not say that it comes from the console. */
  | { readonly type: "cross_site_request" }
  /** The key is bound to addresses, and the caller's is not among them. `address`: null if none was seen. */
  | { readonly type: "ip_not_allowed"; readonly address: string | null }
  /** Stytch knows no such object, or the caller may not see it, and cannot tell which. */
  | { readonly type: "organization_not_found" | "member_not_found" | "connected_app_not_found" }
  | { readonly type: "key_not_found" }
  /** The link is forged, used, too old, or of a key that has ended or changed since: the caller does not learn which. */
  | { readonly type: "handover_not_found" }
  /** No session policy is set, so that no session is accepted. */
  | { readonly type: "session_policy_not_found" }
  /** `isOfStytch`: the path has the form of those of the Stytch API, so the caller may have taken Postern for it. */
  | { readonly type: "route_not_found"; readonly isOfStytch?: boolean }
  | { readonly type: "method_not_allowed"; readonly allow: string; readonly isOfStytch?: boolean }
  /** The rate limit of the key or of the member is used up, or too many failed authentications came from an address. */
  | {
      readonly type: "too_many_requests";
      readonly limited: "key" | "member" | "address";
      readonly retryAfterSeconds: number;
    }
  /** Stytch refused what was asked for; rebuilt from the fields that Postern knows. */
  | {
      readonly type: "upstream_bad_request";
      readonly errorType: string;
      readonly errorMessage: string;
      readonly errorUrl: string;
    }
  /** The upstream response is not JSON, too large, or against the schema. */
  | { readonly type: "upstream_invalid_response" }
  /** Stytch refused Postern itself, and said nothing of what was asked for: an operator's problem. */
  | { readonly type: "upstream_rejected" }
  /** Stytch answered 429. `retryAfterSeconds`: the time left until Postern asks again. */
  | { readonly type: "upstream_rate_limited"; readonly retryAfterSeconds: number }
  /** The connection failed, or Stytch answered 5xx. `retryAfterSeconds`: if it is known when to come again. */
  | { readonly type: "upstream_unavailable"; readonly retryAfterSeconds?: number | undefined }
  /** The deadline of the whole upstream call has passed. */
  | { readonly type: "upstream_timeout" }
  /**
   * The key's own state cannot be read, which says nothing about the key. `isChangeUnknown`: it may have been changed
   * without a confirmation.
   */
  | { readonly type: "key_service_unavailable"; readonly isChangeUnknown?: true }
  /** Cloudflare Access let the caller in, and cannot tell who it is. */
  | { readonly type: "identity_unavailable" }
  /** The Directory fails, so nothing can be listed. `isChangeUnknown`: it may have made a change without confirming it. */
  | { readonly type: "directory_unavailable"; readonly isChangeUnknown?: true }
  /** The Directory has not confirmed that it listed the purge. */
  | { readonly type: "purge_unavailable" }
  /** The deployment's configuration is missing or invalid. */
  | { readonly type: "misconfigured" }
  /** A defect. */
  | { readonly type: "internal_error" };

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
