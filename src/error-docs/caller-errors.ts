/** The failures that are about the request: 4xx. */
import type { Failure } from "../errors.ts";
import { IDENTIFIER_RULE } from "../stytch/identifier.ts";
import { AFTER_CORRECTION, AFTER_WAITING, type ErrorDescriptions, NEVER } from "./description.ts";
import type { ServiceError } from "./service-errors.ts";

export const CALLER_ERRORS: ErrorDescriptions<Exclude<Failure["type"], ServiceError>> = {
  invalid_organization_id: {
    sample: { type: "invalid_organization_id" },
    meaning: `The identifier of the organization in the path is invalid: it ${IDENTIFIER_RULE}. Nothing was sent to Stytch.`,
    fault: "caller",
    action: "Correct and percent-encode the identifier.",
    retry: NEVER,
  },
  invalid_member_id: {
    sample: { type: "invalid_member_id" },
    meaning: `The identifier of the member in the path is invalid: it ${IDENTIFIER_RULE}. Nothing was sent to Stytch.`,
    fault: "caller",
    action: "Correct and percent-encode the identifier.",
    retry: NEVER,
  },
  invalid_connected_app_id: {
    sample: { type: "invalid_connected_app_id" },
    meaning: `The identifier of the connected app in the path is invalid: it ${IDENTIFIER_RULE}. Nothing was sent to Stytch.`,
    fault: "caller",
    action: "Correct and percent-encode the identifier.",
    retry: NEVER,
  },
  invalid_query_parameter: {
    sample: { type: "invalid_query_parameter", parameter: "include_deleted", rule: "must be true or false" },
    meaning:
      "`include_deleted` is not true or false; `member_id` and `email_address` are both missing, repeated or out of bounds; or `hours` is out of bounds.",
    fault: "caller",
    action: "Send what the SDKs send. The message names the parameter.",
    retry: NEVER,
  },
  upstream_bad_request: {
    sample: {
      type: "upstream_bad_request",
      errorType: "invalid_organization_slug",
      errorMessage: "organization_slug must be 2 to 128 characters.",
      errorUrl: "https://stytch.com/docs/b2b/api/errors/400#invalid_organization_slug",
    },
    meaning: "Stytch refused what was asked for. `error_type` and `error_url` are Stytch's own.",
    fault: "caller",
    action: "See Stytch's documentation of the type, which `error_url` leads to.",
    retry: NEVER,
  },
  invalid_request: {
    sample: { type: "invalid_request", message: "name: must be a string" },
    meaning: "The body or the query of an admin call, or the body of a webhook, is invalid.",
    fault: "caller",
    action: "Correct the field that the message names.",
    retry: NEVER,
  },
  missing_key: {
    sample: { type: "missing_key" },
    meaning: "There are no credentials, or they are neither Bearer nor Basic.",
    fault: "caller",
    action: "Send the key in `Authorization`: as Bearer, or as the password of Basic.",
    retry: AFTER_CORRECTION,
  },
  invalid_key: {
    sample: { type: "invalid_key" },
    meaning:
      "The key is malformed, mistyped, was never issued, or is of another project or environment. The message names the usual mix-ups.",
    fault: "caller",
    action: "Use a `pst_…` key of this deployment.",
    retry: AFTER_CORRECTION,
  },
  expired_key: {
    sample: { type: "expired_key" },
    meaning: "The key is genuine, but its time is over.",
    fault: "caller",
    action: "Ask the operator for a new key.",
    retry: AFTER_CORRECTION,
  },
  revoked_key: {
    sample: { type: "revoked_key" },
    meaning: "The key is genuine, but it was revoked, or a rotation ended it.",
    fault: "caller",
    action: "Ask the operator for a new key.",
    retry: AFTER_CORRECTION,
  },
  invalid_session: {
    sample: { type: "invalid_session" },
    meaning:
      "The token is not the session of a member of this project that may be used here, or sessions are not accepted. The answer does not say which.",
    fault: "caller",
    action:
      "Send the session JWT that Stytch gave the member; ask the operator whether sessions are accepted.",
    retry: AFTER_CORRECTION,
  },
  expired_session: {
    sample: { type: "expired_session" },
    meaning: "The session is genuine, but its token has ended or is too old for the policy.",
    fault: "caller",
    action: "Get a new token from Stytch, and call again once.",
    retry: "yes, with a new token",
  },
  revoked_session: {
    sample: { type: "revoked_session" },
    meaning: "The session is genuine, but its token was issued before a revocation.",
    fault: "caller",
    action: "Get a new token from Stytch, and call again once. If Stytch has none, the member is signed out.",
    retry: "yes, with a new token",
  },
  invalid_admin_token: {
    sample: { type: "invalid_admin_token", presented: true },
    meaning:
      "What was presented to the admin API is not `ADMIN_TOKEN`, or a cookie that is forged or has ended.",
    fault: "caller",
    action: "Send `ADMIN_TOKEN` as Bearer, or sign in to the console.",
    retry: AFTER_CORRECTION,
  },
  invalid_metrics_token: {
    sample: { type: "invalid_metrics_token", presented: true },
    meaning: "What was presented to `/metrics` is neither `METRICS_TOKEN` nor `ADMIN_TOKEN`.",
    fault: "caller",
    action: "Send one of them as Bearer.",
    retry: AFTER_CORRECTION,
  },
  invalid_signature: {
    sample: { type: "invalid_signature" },
    meaning:
      "The webhook is not signed with this deployment's secret, or was signed more than 5 minutes ago.",
    fault: "operator",
    action: "Compare `STYTCH_WEBHOOK_SECRET` with the Stytch dashboard.",
    retry: AFTER_CORRECTION,
  },
  insufficient_scope: {
    sample: { type: "insufficient_scope", scope: "organizations:read" },
    meaning: "The key or session lacks a scope, which the message and `WWW-Authenticate` name.",
    fault: "caller",
    action: "Ask the operator for the scope.",
    retry: AFTER_CORRECTION,
  },
  ip_not_allowed: {
    sample: { type: "ip_not_allowed", address: "203.0.113.7" },
    meaning: "The key may not be used from this address, which the message names.",
    fault: "caller",
    action: "Ask the operator to allow the address.",
    retry: AFTER_CORRECTION,
  },
  cross_site_request: {
    sample: { type: "cross_site_request" },
    meaning:
      "A browser says that the request comes from a page of another site, or does not say that it comes from Postern's own.",
    fault: "caller",
    action: "Use the console, or send `ADMIN_TOKEN` as Bearer in place of the cookie.",
    retry: NEVER,
  },
  organization_not_found: {
    sample: { type: "organization_not_found" },
    meaning: "There is no such organization, or the key or session may not see it; you cannot tell which.",
    fault: "caller",
    action: "Check the identifier, and `organization_ids` at `/whoami`.",
    retry: "no; a new organization is found after 10 seconds at most",
  },
  member_not_found: {
    sample: { type: "member_not_found" },
    meaning: "There is no such member, or the key or session may not see it; you cannot tell which.",
    fault: "caller",
    action: "Check the identifiers, and `organization_ids` at `/whoami`.",
    retry: NEVER,
  },
  connected_app_not_found: {
    sample: { type: "connected_app_not_found" },
    meaning:
      "There is no such connected app or organization, or the key may not see it; you cannot tell which.",
    fault: "caller",
    action: "Check both identifiers, and `organization_ids` at `/whoami`.",
    retry: "no; a new app is found after 10 seconds at most",
  },
  key_not_found: {
    sample: { type: "key_not_found" },
    meaning: "No key of this project has the ID.",
    fault: "caller",
    action: "Check the `key_id`.",
    retry: NEVER,
  },
  handover_not_found: {
    sample: { type: "handover_not_found" },
    meaning:
      "The link was used, its time is over, its key was rotated, revoked or has expired, or it never was a link; you cannot tell which.",
    fault: "caller",
    action: "Ask the operator for a new link. If you did not use it, say so: somebody else has the key.",
    retry: NEVER,
  },
  session_policy_not_found: {
    sample: { type: "session_policy_not_found" },
    meaning: "No session policy is set, so that members' sessions are refused.",
    fault: "caller",
    action: "Set one: `PUT /admin/session-policy`.",
    retry: NEVER,
  },
  route_not_found: {
    sample: { type: "route_not_found", isOfStytch: true },
    meaning: "Postern does not offer this path, or what it belongs to is not configured.",
    fault: "caller",
    action: "Correct the path. Make other calls of the Stytch API to Stytch itself.",
    retry: NEVER,
  },
  method_not_allowed: {
    sample: { type: "method_not_allowed", allow: "GET, HEAD" },
    meaning: "The path exists, the method does not. `Allow` lists what does.",
    fault: "caller",
    action: "Correct the method. Make other calls of the Stytch API to Stytch itself.",
    retry: NEVER,
  },
  too_many_requests: {
    sample: { type: "too_many_requests", limited: "key", retryAfterSeconds: 12 },
    meaning:
      "The rate limit of the key or of the member is used up, or too many bad credentials came from one address.",
    fault: "caller",
    action: "Wait for `Retry-After`, and call less often. `RateLimit` says what is left.",
    retry: AFTER_WAITING,
  },
};
