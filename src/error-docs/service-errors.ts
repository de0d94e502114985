/** The failures of Stytch, of Postern or of its configuration, which no correction of the request ends: 5xx. */
import type { Failure } from "../errors.ts";
import { AFTER_WAITING, type ErrorDescriptions } from "./description.ts";

export type ServiceError = Extract<
  Failure["type"],
  | "misconfigured"
  | "internal_error"
  | "upstream_invalid_response"
  | "upstream_rejected"
  | "upstream_rate_limited"
  | "upstream_unavailable"
  | "upstream_timeout"
  | "key_service_unavailable"
  | "identity_unavailable"
  | "directory_unavailable"
  | "purge_unavailable"
>;

export const SERVICE_ERRORS: ErrorDescriptions<ServiceError> = {
  misconfigured: {
    sample: { type: "misconfigured" },
    meaning: "A variable of the deployment is missing or wrong. `/healthz` answers 503.",
    fault: "operator",
    responsible: "operator",
    action: "The operator finds each variable in the log line of the request.",
    retry: "not before the operator has corrected it",
  },
  internal_error: {
    sample: { type: "internal_error" },
    meaning: "A defect of Postern.",
    fault: "Postern",
    responsible: "operator",
    action: "Give the operator the `request_id`; the log line has `defect`. Report it.",
    retry: "once; it may fail again",
  },
  upstream_invalid_response: {
    sample: { type: "upstream_invalid_response" },
    meaning: "Stytch's answer is not JSON, over 1 MiB, over 200 levels deep, or against the schema.",
    fault: "Stytch",
    responsible: "Stytch",
    action: "Try again later. For the operator, `upstream_detail` of the log line names the fields.",
    retry: "yes, later",
  },
  upstream_rejected: {
    sample: { type: "upstream_rejected" },
    meaning:
      "Stytch refused Postern itself: 401, 403, another 4xx, a redirect, or a 400 or 404 that is not about the object.",
    fault: "operator",
    responsible: "operator",
    action:
      "The operator checks `STYTCH_SECRET` and `STYTCH_PROJECT_ID`, and `upstream_detail` of the log line.",
    retry: "not before the operator has corrected it",
  },
  upstream_rate_limited: {
    sample: { type: "upstream_rate_limited", retryAfterSeconds: 2 },
    meaning: "Stytch answered 429, to this call or before.",
    fault: "operator",
    responsible: "nobody",
    action: "Wait for `Retry-After`; it is 3,600 at most.",
    retry: AFTER_WAITING,
  },
  upstream_unavailable: {
    sample: { type: "upstream_unavailable" },
    meaning:
      "There was no connection to Stytch, or a 5xx, after up to three attempts; or the circuit is open.",
    fault: "Stytch",
    responsible: "nobody",
    action: "Wait for `Retry-After`, or try again later.",
    retry: "yes, after `Retry-After` if there is one",
  },
  key_service_unavailable: {
    sample: { type: "key_service_unavailable" },
    meaning:
      "The key's own state, or for a session the policy and revocations, cannot be read. It says nothing about the key or session. A key may have been created, rotated or handed over.",
    fault: "Postern",
    responsible: "nobody",
    action:
      "Try again after a second. After the creation, rotation or hand-over of a key, look first whether it was made: `npm run keys -- audit`.",
    retry: AFTER_WAITING,
  },
  identity_unavailable: {
    sample: { type: "identity_unavailable" },
    meaning: "Cloudflare Access let the operator in, and cannot tell who it is.",
    fault: "operator",
    responsible: "nobody",
    action: "Try again after a second, or send `ADMIN_TOKEN` as Bearer.",
    retry: AFTER_WAITING,
  },
  directory_unavailable: {
    sample: { type: "directory_unavailable" },
    meaning:
      "The Directory, which lists keys and events and keeps the session policy, does not answer. A change may have been made.",
    fault: "Postern",
    responsible: "nobody",
    action:
      "Try again after a second. A revocation may be repeated; after a change of the policy, look first whether it was made.",
    retry: AFTER_WAITING,
  },
  purge_unavailable: {
    sample: { type: "purge_unavailable" },
    meaning: "Nobody knows whether the purge was made.",
    fault: "Postern",
    responsible: "caller",
    action: "Purge again: a purge may be repeated.",
    retry: AFTER_WAITING,
  },
  upstream_timeout: {
    sample: { type: "upstream_timeout" },
    meaning: "Stytch did not answer within `UPSTREAM_TIMEOUT_MS`.",
    fault: "Stytch",
    responsible: "nobody",
    action: "Try again later.",
    retry: "yes, later",
  },
};
