/** The answers of the audit log and of purges. For types, `openapi.json` and tests: no part of the Worker. */
import * as z from "zod";

export const PublicAuditEvent = z.strictObject({
  at: z.iso.datetime(),
  action: z.enum([
    "key.created",
    "key.updated",
    "key.rotated",
    "key.revoked",
    "key.handed_over",
    "key.imported",
    "cache.purged",
    "session.revoked",
    "session_policy.updated",
    "session_policy.deleted",
  ]),
  actor: z
    .string()
    .describe(
      "`token`: whoever has the admin token; `webhook`: Stytch; `handover`: whoever opened the link; or an e-mail address",
    ),
  key_id: z.string().nullable(),
  detail: z
    .record(z.string(), z.unknown())
    .describe(
      "What was changed; it depends on the action. Of a creation: name, scopes, and each restriction that is not null",
    ),
});
export type PublicAuditEvent = z.output<typeof PublicAuditEvent>;

export const AuditPage = z.strictObject({
  events: z.array(PublicAuditEvent),
  next_cursor: z.string().nullable().describe("Of the next page; null on the last"),
});
export type AuditPage = z.output<typeof AuditPage>;

export const Purged = z.strictObject({ purged: z.string().describe("The identifier, or `rbac_policy`") });
export type Purged = z.output<typeof Purged>;
