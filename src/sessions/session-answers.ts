/** The answers that are about members' sessions. For types, `openapi.json` and tests: no part of the Worker. */
import * as z from "zod";
import { RateLimitRule, UsageHour, VisibleFields } from "../keys/key-answers.ts";
import { SESSION_SCOPES } from "./session-policy.ts";

export const PublicSessionPolicy = z.strictObject({
  scopes: z.array(z.enum(SESSION_SCOPES)),
  fields: VisibleFields.nullable(),
  rate_limit: RateLimitRule.nullable().describe("Of each member, counted by each isolate for itself"),
  max_age_seconds: z.int().describe("The age of a token from which on it is refused"),
  allow_impersonation: z.boolean(),
});
export type PublicSessionPolicy = z.output<typeof PublicSessionPolicy>;

export const SessionUsage = z.strictObject({
  hours: z.array(UsageHour).describe("Those with traffic, the oldest first"),
});
export type SessionUsage = z.output<typeof SessionUsage>;

export const Revoked = z.strictObject({ revoked: z.string().describe("The ID that was given") });
export type Revoked = z.output<typeof Revoked>;

/** What `/whoami` tells a member's session of itself. */
export const SessionIdentity = z.strictObject({
  kind: z.literal("session"),
  organization_id: z.string(),
  member_id: z.string(),
  expires_at: z.iso.datetime().describe("The end of the token"),
  scopes: z.array(z.enum(SESSION_SCOPES)),
  fields: VisibleFields.nullable(),
});
export type SessionIdentity = z.output<typeof SessionIdentity>;
