/** Which failures can come about together. */
import type { Failure } from "../src/errors.ts";

type Types = readonly Failure["type"][];

/** Every operation has them. */
export const ALWAYS: Types = ["misconfigured", "internal_error"];

const BY_KEY: Types = [
  "missing_key",
  "invalid_key",
  "expired_key",
  "revoked_key",
  "ip_not_allowed",
  "too_many_requests",
  "key_service_unavailable",
];

const BY_SESSION: Types = ["invalid_session", "expired_session", "revoked_session", "upstream_unavailable"];

export const KEY_OR_SESSION_CALLER: Types = [...BY_KEY, ...BY_SESSION];

/** What a call of Stytch may come to, as a failure of Stytch or of Postern. */
export const UPSTREAM: Types = [
  "upstream_invalid_response",
  "upstream_rejected",
  "upstream_rate_limited",
  "upstream_unavailable",
  "upstream_timeout",
];

/** Every read that needs a scope has them. */
export const READ: Types = [
  ...KEY_OR_SESSION_CALLER,
  "insufficient_scope",
  "upstream_bad_request",
  ...UPSTREAM,
];

/** If what the path belongs to is not configured, there is no such path. */
export const UNCONFIGURED: Types = ["route_not_found"];

/** Too many bad tokens from one address end in 429. The last two concern a browser that is signed in. */
export const ADMIN: Types = [
  ...UNCONFIGURED,
  "invalid_admin_token",
  "too_many_requests",
  "cross_site_request",
  "identity_unavailable",
];
export const ADMIN_LIST: Types = [...ADMIN, "invalid_request", "directory_unavailable"];
export const ADMIN_KEY: Types = [...ADMIN, "key_not_found", "key_service_unavailable"];
