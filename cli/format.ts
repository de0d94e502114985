/** Formats results for people: lists, key records and the texts around them. */
import { z } from "zod";
import {
  type AuditPage,
  IssuedKey,
  KeyRecord,
  type PurgeResult,
  parseResponse,
  type RevocationResult,
  type SessionPolicy,
} from "./client.ts";
import { printable } from "./errors.ts";
import { isStytchName } from "./options.ts";
import { card, table, truncate } from "./table.ts";

/** A time in UTC, to the second; text that is no time is returned unchanged. */
export function utcTime(text: string): string {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? text : new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

/** The same to the minute, as people write it. */
export const utcMinute = (text: string) => utcTime(text).replace(/T(\d\d:\d\d):.*Z$/, " $1");

const utcDate = (text: string) => utcTime(text).replace(/T.*Z$/, "");

export const recordText = (key: KeyRecord) => card(recordRows(key));

function recordRows(key: KeyRecord): readonly (readonly [string, string | undefined])[] {
  return [
    ["key_id", key.key_id],
    ["name", key.name],
    ["status", key.status],
    ["scopes", key.scopes.join(", ")],
    ["organizations", listText(key.organization_ids)],
    ...fieldRows(key),
    ["rate limit", rateLimitText(key.rate_limit)],
    ["allowed IPs", listText(key.allowed_ips, "any")],
    ["region", key.region === null ? "near its creator" : key.region],
    ["expires", key.expires_at ? utcTime(key.expires_at) : "never"],
    ["created", utcTime(key.created_at)],
    ["updated", utcTime(key.updated_at)],
    ["revoked", key.revoked_at ? utcTime(key.revoked_at) : undefined],
    ["generation", key.generation?.toString()],
    ["old key works until", key.status === "active" ? oldKeyEnd(key) : undefined],
  ];
}

/** When the key from before the last rotation ends: with its overlap, or with the key itself. */
function oldKeyEnd({
  previous_generation_valid_until: until,
  expires_at: end,
}: KeyRecord): string | undefined {
  if (!until) return undefined;
  return utcTime(end && Date.parse(end) < Date.parse(until) ? end : until);
}

/** What an edit has changed, as it was and as it is, above the record. */
export function editedText(before: KeyRecord, after: KeyRecord): string {
  const old = new Map(recordRows(before));
  const changes = recordRows(after).filter(([name, value]) => name !== "updated" && value !== old.get(name));
  const lines = changes.flatMap(([name, value]) => [
    `${name}:`,
    `  was  ${printable(old.get(name) ?? "")}`,
    `  is   ${printable(value ?? "")}`,
  ]);
  return [...(lines.length === 0 ? ["Nothing has changed."] : lines), "", recordText(after)].join("\n");
}

/** Null means no restriction; undefined, that an older Postern did not say. */
const listText = (items: readonly string[] | null | undefined, unrestricted = "all") =>
  items === null ? unrestricted : items?.join(", ");

function fieldRows({
  fields,
}: Pick<KeyRecord, "fields">): readonly (readonly [string, string | undefined])[] {
  return [
    ["fields of organization", fields === null ? "all" : listText(fields?.organization)],
    ["fields of member", fields === null ? "all" : listText(fields?.member)],
  ];
}

/** In the form that `--limit` takes. */
const rateLimitText = (rate: KeyRecord["rate_limit"]) =>
  rate ? `${rate.limit}/${rate.period_seconds}` : rate === null ? "none" : undefined;

export function sessionPolicyText(policy: SessionPolicy): string {
  return card([
    ["scopes", policy.scopes.join(", ")],
    ...fieldRows(policy),
    ["rate limit of a member", rateLimitText(policy.rate_limit)],
    ["max age of a token", `${policy.max_age_seconds} s`],
    ["impersonation", policy.allow_impersonation ? "allowed" : "refused"],
  ]);
}

/** Postern does not know which sessions there are. */
export function sessionsRevokedText({ revoked }: RevocationResult): string {
  return `Revoked the session JWTs of ${printable(revoked)} that were issued up to now: in force everywhere within LEASE_SECONDS (default: 5).`;
}

/** With these, a row of the list is at most 80 columns wide. */
const MAX_NAME_WIDTH = 18;
const MAX_SCOPES_WIDTH = 21;

export function recordsText(keys: readonly KeyRecord[]): string {
  if (keys.length === 0) return "There are no keys.";
  return table(
    ["KEY ID", "NAME", "STATUS", "EXPIRES", "SCOPES"],
    keys.map((key) => [
      key.key_id,
      truncate(printable(key.name), MAX_NAME_WIDTH),
      key.status,
      key.expires_at ? utcDate(key.expires_at) : "never",
      scopesCell(key.scopes),
    ]),
  );
}

/** The first scope, and how many more there are. */
function scopesCell([first = "", ...others]: readonly string[]): string {
  const more = others.length === 0 ? "" : ` +${others.length}`;
  return truncate(printable(first), MAX_SCOPES_WIDTH - more.length) + more;
}

/** When the key ends that a rotation has replaced, and a warning if the new one has ended too. */
export function rotatedHeading(record: KeyRecord | undefined): string {
  if (record?.status === "expired") {
    return `The key expired on ${utcTime(record.expires_at ?? "")}, so neither the old key nor this one works until edit gives it another end (--expires or --no-expiry).`;
  }
  const end = record === undefined ? undefined : oldKeyEnd(record);
  return end === undefined
    ? "The old key stops working everywhere within LEASE_SECONDS (default: 5)."
    : `The old key works until ${end}.`;
}

/** Shows a new key once, with a command to try it. `heading` says in a sentence what happened. */
export function issuedText(origin: string, json: unknown, heading: string): string {
  const { key } = parseResponse(IssuedKey, json);
  const record = KeyRecord.safeParse(json).data;
  const example = exampleCall(record);
  return [
    heading,
    "",
    `  ${printable(key)}`,
    "",
    "Save it now: it is not shown again. Its caller uses it as the secret of a Stytch SDK, with",
    `${origin}/ as the base URL.`,
    "",
    example.instruction,
    "",
    `  curl -H "Authorization: Bearer $KEY" "${origin}${example.path}"`,
    ...(record === undefined ? [] : ["", recordText(record)]),
  ].join("\n");
}

interface ExampleCall {
  readonly instruction: string;
  /** As it stands between double quotes in a shell: with `$ORGANIZATION`, say, for what the reader fills in. */
  readonly path: string;
}

/** A call that the scopes of the key allow. */
function exampleCall(record: KeyRecord | undefined): ExampleCall {
  const scopes = record?.scopes ?? [];
  if (scopes.includes("organizations:read")) {
    const bound = record?.organization_ids?.[0];
    const path = "/v1/b2b/organizations";
    return bound === undefined
      ? {
          instruction:
            "To try it, set KEY to the key, and ORGANIZATION to an organization's ID, slug or external ID:",
          path: `${path}/$ORGANIZATION`,
        }
      : { instruction: "To try it, set KEY to the key:", path: `${path}/${encodeURIComponent(bound)}` };
  }
  if (scopes.includes("members:dangerously_get")) {
    return {
      instruction: "To try it, set KEY to the key, and MEMBER to a member's ID:",
      path: "/v1/b2b/organizations/members/dangerously_get/$MEMBER",
    };
  }
  return { instruction: "To see what it may do, set KEY to the key:", path: "/whoami" };
}

/** Postern does not say whether it had anything under the name, and an object that knows it may be anywhere. */
export function purgedText({ purged }: PurgeResult): string {
  return `Asked Postern to end what is cached under ${printable(purged)}: in force everywhere within LEASE_SECONDS (default: 5).`;
}

/** What a purge by this name may miss; undefined if nothing. */
export function purgeNote(name: string): string | undefined {
  if (!isStytchName(name) || /^organization-(test|live)-/.test(name)) return undefined;
  return "Postern does not tell whether any organization has this name. Only a purge by ID (organization-…) is sure to end what was cached of one before it took the name.";
}

/** Warns of a purge by a text that Stytch accepts nowhere, most likely a display name. */
export const purgeWarnings = (name: string): readonly string[] =>
  isStytchName(name)
    ? []
    : [
        "No organization of Stytch has such an ID, slug or external ID, so nothing is cached under it. A display name is none of them: purge by ID (organization-…).",
      ];

export function auditText({ events }: AuditPage): string {
  if (events.length === 0) return "There are no events.";
  return table(
    ["AT", "ACTION", "KEY ID", "BY", "DETAIL"],
    events.map(({ at, action, actor, key_id, detail }) => [
      utcTime(at),
      action,
      key_id ?? "",
      actor ?? "",
      detailText(detail),
    ]),
  );
}

const Edit = z.object({
  before: z.record(z.string(), z.unknown()),
  after: z.record(z.string(), z.unknown()),
});

/** An edit as `name: "old" → "new"` for each field that differs, anything else as JSON. */
function detailText(detail: unknown): string {
  if (detail === null || detail === undefined) return "";
  const edit = Edit.safeParse(detail).data;
  if (edit === undefined) return typeof detail === "string" ? detail : JSON.stringify(detail);
  return Object.entries(edit.after)
    .map(([field, value]) => [field, JSON.stringify(edit.before[field]), JSON.stringify(value)])
    .filter(([, before, after]) => before !== after)
    .map(([field, before, after]) => `${field}: ${before} → ${after}`)
    .join("; ");
}
