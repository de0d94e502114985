/**
 * The record of a key: everything that is stored about it. It does not contain the key, which cannot be made from the
 * record without `KEY_SECRET`.
 */

import type * as z from "zod";
import type { PublicKeyRecord } from "./key-answers.ts";
import type { KeyCreation } from "./policy.ts";

/** The permissions that a key can have. */
export const SCOPES = [
  /** Read organizations, through the cache. */
  "organizations:read",
  /** Read how many members an organization has, through the cache. */
  "organizations:metrics",
  /** Read the connected apps of an organization, through the cache. */
  "organizations:connected_apps",
  /** Read a member of an organization by ID or address, together with its organization. */
  "members:read",
  /** Read any member by ID, together with its organization. */
  "members:dangerously_get",
  /** Read deleted members as well. */
  "members:include_deleted",
  /** Read the RBAC policies of the project and of organizations, through the cache. */
  "rbac:read",
  /** Bypass the cache and read from Stytch. */
  "cache:refresh",
] as const;

export type Scope = (typeof SCOPES)[number];

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
  /** The Stytch project of the key, which no other project may manage. A record of an early version has none. */
  readonly project_id?: string;
  /** Counts the changes of the record, so that reports of them can be ordered. */
  readonly version: number;
}

export const KEY_STATUSES = ["active", "expired", "revoked"] as const;

export type KeyStatus = (typeof KEY_STATUSES)[number];

/**
 * A key has expired from the very millisecond of `expires_at`. A key that is revoked as well as expired is revoked.
 * `now`: ms since the epoch.
 */
export function statusOf(record: KeyRecord, now: number): KeyStatus {
  if (record.revoked_at !== null) return "revoked";
  if (record.expires_at !== null && now >= Date.parse(record.expires_at)) return "expired";
  return "active";
}

/** False for a key of another Stytch project: its MAC is not valid here, and a rotation would make one that is. */
export function isOfProject({ project_id }: KeyRecord, projectId: string): boolean {
  return project_id === undefined || project_id === projectId;
}

/** The record as the admin API returns it. */
export function toPublicRecord(record: KeyRecord, now: number): PublicKeyRecord {
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
