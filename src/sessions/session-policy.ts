/** What members' sessions may read: the body of `PUT /admin/session-policy`, which is also what is stored and shown. */
import * as z from "zod";
import { policyFields, scopesOf, wholeNumber } from "../keys/policy.ts";

/** The permissions that a session can have: to read its own organization, and its own member record. */
export const SESSION_SCOPES = ["organizations:read", "members:read"] as const;

const DEFAULT_MAX_AGE_SECONDS = 300;

/** No session JWT is accepted for longer than this after it was issued, whatever the policy. */
export const MAX_TOKEN_AGE_SECONDS = 3_600;

export const SessionPolicy = z.strictObject({
  scopes: scopesOf(SESSION_SCOPES),
  fields: policyFields.fields.default(null),
  /** For each member, counted by each isolate for itself. */
  rate_limit: policyFields.rate_limit.default(null),
  /** The age, counted from its `iat`, from which on a token is refused. */
  max_age_seconds: wholeNumber(60, MAX_TOKEN_AGE_SECONDS).default(DEFAULT_MAX_AGE_SECONDS),
  /** Whether sessions are accepted in which an operator acts as the member. */
  allow_impersonation: z.boolean("must be true or false").default(false),
});

export interface SessionPolicy extends Readonly<z.output<typeof SessionPolicy>> {}
