/**
 * The answers of the admin API and of `/whoami` that are about keys. The code takes its types from here, and none of the
 * schemas: they are for `openapi.json` and for tests, and no part of the Worker.
 */
import * as z from "zod";
import { LOCATION_HINTS } from "../config.ts";
import { policyFields } from "./policy.ts";
import { KEY_STATUSES, SCOPES } from "./record.ts";

const time = z.iso.datetime();
const count = z.int().nonnegative();

/** The fields that a caller sees, by object. */
export const VisibleFields = z.strictObject({
  organization: z.array(z.string()).nullable().describe("Dot paths; null for all"),
  member: z.array(z.string()).nullable().describe("Dot paths; null for all"),
});

export const RateLimitRule = policyFields.rate_limit.unwrap();

/** A record as the admin API shows it. */
export const PublicKeyRecord = z.strictObject({
  key_id: z.string().describe("Public: it appears in logs, and it is a part of the key"),
  name: z.string(),
  status: z.enum(KEY_STATUSES),
  scopes: z.array(z.enum(SCOPES)),
  organization_ids: z.array(z.string()).nullable().describe("The only organizations it sees; null for all"),
  fields: VisibleFields.nullable().describe("The only fields it sees; null for all"),
  rate_limit: RateLimitRule.nullable().describe("A token bucket, one for the key everywhere; null for none"),
  allowed_ips: z
    .array(z.string())
    .nullable()
    .describe("The addresses and ranges that may use it; null for all"),
  region: z.enum(LOCATION_HINTS).nullable().describe("Near which its state is kept"),
  expires_at: z.iso.datetime({ offset: true }).nullable(),
  created_at: time,
  updated_at: time,
  revoked_at: time.nullable(),
  generation: z.int().positive().describe("That of the key issued last; a rotation adds one"),
  previous_generation_valid_until: time.nullable().describe("The end of an overlap after a rotation"),
});
export type PublicKeyRecord = z.output<typeof PublicKeyRecord>;

/** The answer to a creation or a rotation. */
export const IssuedKey = PublicKeyRecord.extend({
  key: z.string().describe("The key: shown this once"),
});
export type IssuedKey = z.output<typeof IssuedKey>;

/** The same with `handover_seconds`. */
export const LinkedKey = PublicKeyRecord.extend({
  handover_url: z.url().describe("The page that shows the key once"),
});
export type LinkedKey = z.output<typeof LinkedKey>;

/** The answer to whoever opens the link first. */
export const HandedOverKey = z.strictObject({
  key: z.string().describe("The key: shown this once"),
  record: PublicKeyRecord,
});
export type HandedOverKey = z.output<typeof HandedOverKey>;

export const KeyPage = z.strictObject({
  keys: z.array(PublicKeyRecord),
  next_cursor: z.string().nullable().describe("Of the next page; null on the last"),
});
export type KeyPage = z.output<typeof KeyPage>;

/** What `/whoami` tells a key of itself. */
export const KeyIdentity = PublicKeyRecord.omit({ name: true }).extend({
  rate_limit_remaining: count.nullable().describe("Whole calls; null without a limit"),
});
export type KeyIdentity = z.output<typeof KeyIdentity>;

export const UsageHour = z.strictObject({
  hour: time.describe("Its start"),
  requests: count.describe("Admitted by the rate limit, whatever came of them"),
  rate_limited: count.describe("Refused by the rate limit"),
  hits: count.describe("Answered from the cache, fresh"),
  stale: count.describe("Answered from the cache, stale"),
  misses: count.describe("Answered by Stytch"),
  denied: count.describe("401 and 403 of a genuine key"),
  not_found: count,
  errors: count.describe("5xx"),
});
export type UsageHour = z.output<typeof UsageHour>;

export const KeyUsage = z.strictObject({
  key_id: z.string(),
  hours: z.array(UsageHour).describe("Those with traffic, the oldest first"),
});
export type KeyUsage = z.output<typeof KeyUsage>;
