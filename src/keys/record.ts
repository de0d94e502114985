/** The record of a key: all that is known of it. The key itself is nowhere in it, and cannot be made from it. */
import { z } from "zod";

/** What a key may do. */
export const SCOPES = [
  /** Read organizations, from the cache where it has them. */
  "organizations:read",
  /** Read any member by ID, with its organization. */
  "members:dangerously_get",
  /** Read deleted members too. */
  "members:include_deleted",
  /** Have an organization read from Stytch, past the cache. */
  "cache:refresh",
] as const;

export type Scope = (typeof SCOPES)[number];

const fields = {
  name: z
    .string("must be a string")
    .trim()
    .min(1, "must not be empty")
    .max(200, "must have at most 200 characters"),
  scopes: z
    .array(z.enum(SCOPES, `must be one of ${SCOPES.join(", ")}`), "must be a list of scopes")
    .min(1, "must have at least one scope")
    .transform((scopes) => SCOPES.filter((scope) => scopes.includes(scope))),
  expires_at: z.iso
    .datetime({ offset: true, error: "must be an RFC 3339 time such as 2027-01-01T00:00:00Z, or null" })
    .nullable(),
};

/** The body of `POST /admin/keys`. */
export const KeyCreation = z.strictObject({
  name: fields.name,
  scopes: fields.scopes,
  expires_at: fields.expires_at.default(null),
});

export interface KeyRecord {
  /** Public: in logs, and part of the key. */
  readonly key_id: string;
  readonly name: string;
  /** In the order of `SCOPES`, each once. */
  readonly scopes: readonly Scope[];
  /** RFC 3339, or null for never. */
  readonly expires_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly revoked_at: string | null;
}

export type KeyStatus = "active" | "expired" | "revoked";

/** Exact to the millisecond: a key that expires now has expired. Revocation is the stronger word. `now`: ms since the epoch. */
export function statusOf(record: KeyRecord, now: number): KeyStatus {
  if (record.revoked_at !== null) return "revoked";
  if (record.expires_at !== null && now >= Date.parse(record.expires_at)) return "expired";
  return "active";
}

/** As the admin API shows it. */
export function shown(record: KeyRecord, now: number) {
  const { key_id, name, ...rest } = record;
  return { key_id, name, status: statusOf(record, now), ...rest };
}
