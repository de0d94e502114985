/**
 * The record of a key: everything that is stored about it. It does not contain the key, which cannot be made from the
 * record without `KEY_SECRET`.
 */

import * as z from "zod";
import { LOCATION_HINTS } from "../config.ts";
import { isIpRange } from "../platform/ip.ts";
import { IDENTIFIER_RULE, isIdentifier } from "../stytch/identifier.ts";
import { StytchMember } from "../stytch/schemas/member-schema.ts";
import { StytchOrganization } from "../stytch/schemas/organization-schema.ts";
import { isKnownPath, MAX_PATHS } from "./field-projection.ts";

/** The permissions that a key can have. */
export const SCOPES = [
  /** Read organizations, through the cache. */
  "organizations:read",
  /** Read any member by ID, together with its organization. */
  "members:dangerously_get",
  /** Read deleted members as well. */
  "members:include_deleted",
  /** Bypass the cache and read an organization from Stytch. */
  "cache:refresh",
] as const;

export type Scope = (typeof SCOPES)[number];

/** Bounds the size of a record, which is sent with every lease. */
const MAX_ITEMS = 100;

const list = (item: z.ZodString, itemNames: string, maxItems = MAX_ITEMS) =>
  z.array(item, `must be a list of ${itemNames}`).max(maxItems, `must have at most ${maxItems} items`);

const nonEmptyList = (item: z.ZodString, itemNames: string) =>
  list(item, itemNames).min(1, "must have at least one item; null means no restriction");

const fieldPaths = (schema: z.ZodType) =>
  list(
    z
      .string("must be a dot path")
      .max(128, "must have at most 128 characters")
      .refine((path) => isKnownPath(schema, path), "must name an existing field"),
    "dot paths",
    MAX_PATHS,
  )
    .nullable()
    .default(null);

function wholeNumber(min: number, max: number) {
  const problem = `must be a whole number from ${min} to ${max}`;
  return z
    .number(problem)
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, problem);
}

/** The fields that an operator sets, at creation or by an edit. */
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
      // The same rule as for the path of a lookup: an identifier that no request can name is of no use here.
      .refine(isIdentifier, IDENTIFIER_RULE),
    "organization IDs",
  ).nullable(),
  fields: z
    .strictObject(
      { organization: fieldPaths(StytchOrganization), member: fieldPaths(StytchMember) },
      "must be an object, or null",
    )
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

/**
 * The body of `PATCH /admin/keys/{key_id}`: a field that is absent does not change. The region cannot be edited, since
 * the key's object stays where it was created.
 */
export const KeyEdit = z.strictObject(policyFields).partial();
export type KeyEdit = z.output<typeof KeyEdit>;

/** 30 days. */
const MAX_OVERLAP_SECONDS = 2_592_000;

/** The body of `POST /admin/keys/{key_id}/rotate`. */
export const KeyRotation = z.strictObject({
  overlap_seconds: wholeNumber(0, MAX_OVERLAP_SECONDS).default(0),
});

export interface KeyRecord extends z.output<typeof KeyCreation> {
  /** Public: it appears in logs, and it is a part of the key. */
  readonly key_id: string;
  /** RFC 3339, like every time in a record. */
  readonly created_at: string;
  readonly updated_at: string;
  readonly revoked_at: string | null;
  /** The generation of the key that was issued last. A rotation adds one. */
  readonly generation: number;
  /** Earlier generations that may still work, each with its end, the latest generation last. */
  readonly previous: readonly { readonly generation: number; readonly valid_until: string }[];
  /** Counts the changes of the record, so that reports of them can be ordered. */
  readonly version: number;
}

export type KeyStatus = "active" | "expired" | "revoked";

/**
 * A key has expired from the very millisecond of `expires_at`. A key that is revoked as well as expired is revoked.
 * `now`: ms since the epoch.
 */
export function statusOf(record: KeyRecord, now: number): KeyStatus {
  if (record.revoked_at !== null) return "revoked";
  if (record.expires_at !== null && now >= Date.parse(record.expires_at)) return "expired";
  return "active";
}

/** The record as the admin API returns it. */
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
