/** The record of a key: all that is known of it. The key itself is nowhere in it, and cannot be made from it. */

import * as z from "zod";
import { LOCATION_HINTS } from "../config.ts";
import { IDENTIFIER_RULE } from "../errors.ts";
import { isIpRange } from "../platform/ip.ts";
import { isIdentifier } from "../stytch/identifier.ts";
import { Member } from "../stytch/schemas/member-schema.ts";
import { Organization } from "../stytch/schemas/organization-schema.ts";
import { isKnownPath, MAX_PATHS } from "./field-projection.ts";

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

/** Bounds a record: it goes with every lease. */
const MAX_ITEMS = 100;

const list = (item: z.ZodString, what: string, most = MAX_ITEMS) =>
  z.array(item, `must be a list of ${what}`).max(most, `must have at most ${most} items`);

const nonEmptyList = (item: z.ZodString, what: string) =>
  list(item, what).min(1, "must have at least one item; null means no restriction");

const paths = (schema: z.ZodType) =>
  list(
    z
      .string("must be a dot path")
      .max(128, "must have at most 128 characters")
      .refine((path) => isKnownPath(schema, path), "must name a field that there is"),
    "dot paths",
    MAX_PATHS,
  )
    .nullable()
    .default(null);

function wholeNumber(least: number, most: number) {
  const problem = `must be a whole number from ${least} to ${most}`;
  return z
    .number(problem)
    .refine((value) => Number.isInteger(value) && value >= least && value <= most, problem);
}

/** What an operator decides about a key, at creation and later. */
const policyFields = {
  name: z
    .string("must be a string")
    .trim()
    .min(1, "must not be empty")
    .max(200, "must have at most 200 characters"),
  scopes: z
    .array(z.enum(SCOPES, `must be one of ${SCOPES.join(", ")}`), "must be a list of scopes")
    .min(1, "must have at least one scope")
    .transform((scopes) => SCOPES.filter((scope) => scopes.includes(scope))),
  organization_ids: nonEmptyList(
    z
      .string("must be a string")
      // As in the path of a lookup: what cannot be asked for cannot be seen.
      .refine(isIdentifier, IDENTIFIER_RULE),
    "organization IDs",
  ).nullable(),
  fields: z
    .strictObject({ organization: paths(Organization), member: paths(Member) }, "must be an object, or null")
    .nullable(),
  rate_limit: z
    .strictObject(
      { limit: wholeNumber(1, 1_000_000), period_seconds: wholeNumber(1, 86_400) },
      "must be an object with limit and period_seconds, or null",
    )
    .nullable(),
  allowed_ips: nonEmptyList(
    z
      .string("must be a string")
      .refine(isIpRange, "must be an IPv4 or IPv6 address or range such as 203.0.113.0/24"),
    "addresses and ranges",
  ).nullable(),
  expires_at: z.iso
    .datetime({ offset: true, error: "must be an RFC 3339 time such as 2027-01-01T00:00:00Z, or null" })
    .nullable(),
};

/** The body of `POST /admin/keys`. */
export const KeyCreation = z.strictObject({
  name: policyFields.name,
  scopes: policyFields.scopes,
  organization_ids: policyFields.organization_ids.default(null),
  fields: policyFields.fields.default(null),
  rate_limit: policyFields.rate_limit.default(null),
  allowed_ips: policyFields.allowed_ips.default(null),
  expires_at: policyFields.expires_at.default(null),
  region: z
    .enum(LOCATION_HINTS, `must be one of ${LOCATION_HINTS.join(", ")}, or null`)
    .nullable()
    .default(null),
});

/** The body of `PATCH /admin/keys/{key_id}`: what it does not name stays. The region is where the key's object was made. */
export const KeyEdit = z.strictObject(policyFields).partial();
export type KeyEdit = z.output<typeof KeyEdit>;

/** The longest overlap of a rotation: 30 days. */
const MAX_OVERLAP_SECONDS = 2_592_000;

/** The body of `POST /admin/keys/{key_id}/rotate`. */
export const KeyRotation = z.strictObject({
  overlap_seconds: wholeNumber(0, MAX_OVERLAP_SECONDS).default(0),
});

export interface KeyRecord extends z.output<typeof KeyCreation> {
  /** Public: in logs, and part of the key. */
  readonly key_id: string;
  /** RFC 3339, like all times here. */
  readonly created_at: string;
  readonly updated_at: string;
  readonly revoked_at: string | null;
  /** Of the key that was issued last; rotation makes the next. */
  readonly generation: number;
  /** Generations before it that still work, and until when; the latest last. */
  readonly previous: readonly { readonly generation: number; readonly valid_until: string }[];
  /** Counts changes, to order reports of them. */
  readonly version: number;
}

export type KeyStatus = "active" | "expired" | "revoked";

/** Exact to the millisecond: a key that expires now has expired. Revocation is the stronger word. `now`: ms since the epoch. */
export function statusOf(record: KeyRecord, now: number): KeyStatus {
  if (record.revoked_at !== null) return "revoked";
  if (record.expires_at !== null && now >= Date.parse(record.expires_at)) return "expired";
  return "active";
}

/** As the admin API shows it. */
export function toPublicRecord(record: KeyRecord, now: number) {
  const latest = record.previous.at(-1);
  const overlaps = record.revoked_at === null && latest !== undefined && now < Date.parse(latest.valid_until);
  return {
    key_id: record.key_id,
    name: record.name,
    status: statusOf(record, now),
    scopes: record.scopes,
    organization_ids: record.organization_ids,
    fields: record.fields,
    rate_limit: record.rate_limit,
    allowed_ips: record.allowed_ips,
    region: record.region,
    expires_at: record.expires_at,
    created_at: record.created_at,
    updated_at: record.updated_at,
    revoked_at: record.revoked_at,
    generation: record.generation,
    previous_generation_valid_until: overlaps ? latest.valid_until : null,
  };
}
