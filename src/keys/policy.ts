/**
 * What an operator decides about a key: the bodies of the admin API that set it. Everything that does not depend on the
 * deployment or the time is in the schemas; the rest is in `policy-checks.ts`.
 */
import * as z from "zod";
import { LOCATION_HINTS } from "../config.ts";
import { closestTo } from "../platform/closest.ts";
import { normalizeIpRange } from "../platform/ip.ts";
import { StytchMember } from "../stytch/schemas/member-schema.ts";
import { StytchOrganization } from "../stytch/schemas/organization-schema.ts";
import { formatFieldPath, isKnownPath, parseFieldPath } from "./field-path.ts";
import { MAX_PATHS } from "./field-projection.ts";
import { containsKey } from "./key-mix-up.ts";
import { SCOPES } from "./record.ts";

/** Every list of keys and the audit show a record's texts, so none may hold a key that was pasted into the wrong field. */
const KEY_PROBLEM = "must not contain a key, which nobody else should see";

const hasNoKey = (text: string) => !containsKey(text);

/** Bounds the size of a record, which is sent with every lease. */
const MAX_ITEMS = 100;

const list = (item: z.ZodType<string>, itemNames: string, maxItems = MAX_ITEMS) =>
  z.array(item, `must be a list of ${itemNames}`).max(maxItems, `must have at most ${maxItems} items`);

const nonEmptyList = (item: z.ZodType<string>, itemNames: string) =>
  list(item, itemNames).min(1, "must have at least one item; null means no restriction");

const MAX_PATH_LENGTH = 128;

const fieldPaths = (object: "organization" | "member", schema: z.ZodObject) =>
  list(
    z.string("must be a dot path").transform((text, context) => {
      const names = parseFieldPath(text);
      const path = names === null ? "" : formatFieldPath(names);
      if (names === null) {
        context.addIssue(
          'must be names with dots between; quote a name with a dot: trusted_metadata."acme.com"',
        );
      } else if (!isKnownPath(schema, names)) {
        context.addIssue(`must name an existing field of ${object}${fieldHint(object, schema, names)}`);
      } else if (path.length > MAX_PATH_LENGTH) {
        context.addIssue(`must have at most ${MAX_PATH_LENGTH} characters`);
      } else if (containsKey(path)) {
        context.addIssue(KEY_PROBLEM);
      }
      return path;
    }),
    "dot paths",
    MAX_PATHS,
  )
    .nullable()
    .default(null);

/** What to write instead of a path that nothing has. */
function fieldHint(object: string, schema: z.ZodObject, [name = "", ...rest]: readonly string[]): string {
  if (Object.hasOwn(schema.shape, name)) return `; ${name} has no such field`;
  if (name === object && isKnownPath(schema, rest)) return `: leave out the leading "${object}."`;
  const meant = closestTo(name, Object.keys(schema.shape));
  return meant === null ? `, such as ${object}_id` : `: did you mean ${meant}?`;
}

/** A number of a body: whole, within these bounds. */
export function wholeNumber(min: number, max: number) {
  const problem = `must be a whole number from ${min} to ${max}`;
  return z.int(problem).min(min, problem).max(max, problem);
}

/** One or more of `allowed`, without repetition and in their order. */
export const scopesOf = <const S extends string>(allowed: readonly [S, ...S[]]) =>
  z
    .array(
      z.enum(allowed, { error: ({ input }) => scopeProblem(allowed, input) }),
      "must be a list of scopes",
    )
    .min(1, "must have at least one scope")
    .transform((scopes) => allowed.filter((scope) => scopes.includes(scope)));

function scopeProblem(allowed: readonly string[], input: unknown): string {
  const meant = typeof input === "string" ? closestTo(input, allowed) : null;
  return `must be one of ${allowed.join(", ")}${meant === null ? "" : `; did you mean ${meant}?`}`;
}

const IP_RANGE_PROBLEM =
  "must be an IPv4 or IPv6 address or range such as 203.0.113.0/24 or 2001:db8::/32, without leading zeros or a zone";

/** The fields that an operator sets, at creation or by an edit. */
export const policyFields = {
  name: z
    .string("must be a string")
    .trim()
    .min(1, "must not be empty")
    .max(200, "must have at most 200 characters")
    .refine(hasNoKey, KEY_PROBLEM),
  scopes: scopesOf(SCOPES),
  organization_ids: nonEmptyList(
    z.string("must be a string").refine(hasNoKey, KEY_PROBLEM),
    "organization IDs",
  ).nullable(),
  fields: z
    .strictObject(
      {
        organization: fieldPaths("organization", StytchOrganization),
        member: fieldPaths("member", StytchMember),
      },
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
    z.string("must be a string").transform((text, context) => {
      const range = normalizeIpRange(text);
      if (range === null) context.addIssue(IP_RANGE_PROBLEM);
      return range ?? "";
    }),
    "addresses and ranges",
  ).nullable(),
  expires_at: z.iso
    .datetime({ offset: true, error: "must be an RFC 3339 time such as 2027-01-01T00:00:00Z, or null" })
    .nullable(),
};

/** What is stored of a key when it is created. */
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

const MIN_HANDOVER_SECONDS = 60;
/** 7 days. */
const MAX_HANDOVER_SECONDS = 604_800;

/** How long a link hands the new key over; null to show the key instead. */
const handoverField = {
  handover_seconds: wholeNumber(MIN_HANDOVER_SECONDS, MAX_HANDOVER_SECONDS).nullable().default(null),
};

/** The body of `POST /admin/keys`. */
export const KeyCreationBody = KeyCreation.extend(handoverField);

/**
 * The body of `PATCH /admin/keys/{key_id}`: a field that is absent does not change. The region cannot be edited, since
 * the key's object never moves.
 */
export const KeyEdit = z.strictObject(policyFields).partial();
export type KeyEdit = z.output<typeof KeyEdit>;

/** 30 days. */
const MAX_OVERLAP_SECONDS = 2_592_000;

/** The body of `POST /admin/keys/{key_id}/rotate`. */
export const KeyRotation = z.strictObject({
  overlap_seconds: wholeNumber(0, MAX_OVERLAP_SECONDS).default(0),
  ...handoverField,
});
