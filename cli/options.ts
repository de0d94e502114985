/** Parsers of option and argument values. They catch obvious mistakes before a request; the server judges the rest. */
import { InvalidArgumentError } from "commander";
import { formatFieldPath, parseFieldPath } from "../src/keys/field-path.ts";
import { normalizeIpRange } from "../src/platform/ip.ts";
import { isIdentifier } from "../src/stytch/identifier.ts";
import { CliError, KEY_PATTERN } from "./errors.ts";

export interface RateLimit {
  readonly limit: number;
  readonly period_seconds: number;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Accepts `600/60` (calls/seconds), `10/s`, `600/m`, `1000/h` and `5000/d`. */
export function parseRateLimit(text: string): RateLimit {
  const [, limit, period] = /^(\d{1,9})\/(\d{1,9}|[smhd])$/.exec(text) ?? [];
  if (limit === undefined || period === undefined) {
    throw new InvalidArgumentError(
      "Write calls/seconds, such as 600/60, or calls per unit of time: 10/s, 600/m, 1000/h, 5000/d.",
    );
  }
  return { limit: Number(limit), period_seconds: UNIT_SECONDS[period] ?? Number(period) };
}

export function parseWholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

/** Usage is kept for so long. */
const MAX_UNUSED_DAYS = 30;

export function parseUnusedDays(text: string): number {
  const days = parseWholeNumber(text);
  if (days >= 1 && days <= MAX_UNUSED_DAYS) return days;
  throw new InvalidArgumentError(`It must be 1 to ${MAX_UNUSED_DAYS}: usage is kept for that long.`);
}

/** What is searched for is part of a URL, and URLs are logged: a whole key must not get there. */
export function parseSearch(text: string): string {
  if (text.search(KEY_PATTERN) === -1) return text;
  throw new CliError("Search for the key's ID, not for the key.", 2);
}

/** Accepts seconds, or a number with a unit: `90m`, `24h`, `7d`. */
export function parseDuration(text: string): number {
  const [, count, unit = "s"] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError("Write seconds, or a time such as 90m, 24h or 7d.");
  return Number(count) * (UNIT_SECONDS[unit || "s"] ?? 1);
}

const RFC_3339_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** Accepts an RFC 3339 time, a date (from its start in UTC), and a time from now: `12h`, `30d`. */
export function parseTime(text: string): string {
  if (RFC_3339_TIME.test(text) && !Number.isNaN(Date.parse(text))) return text;
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))) return `${text}T00:00:00Z`;
  if (/^\d{1,5}[smhd]$/.test(text)) return new Date(Date.now() + parseDuration(text) * 1_000).toISOString();
  throw new InvalidArgumentError(
    "Write a date and time with a time zone, such as 2027-01-01T00:00:00Z, a date (2027-01-01), or a time from now: 12h, 30d.",
  );
}

/** Accepts an RFC 3339 time and a date (its start in UTC). */
export function parsePastTime(text: string): string {
  if (/^\d{4}-/.test(text)) return parseTime(text);
  throw new InvalidArgumentError(
    "Write a date and time such as 2027-01-01T00:00:00Z, or a date (2027-01-01).",
  );
}

/** Appends the values of an option that may be repeated, or have several with commas between. */
export function collect(text: string, previous: readonly string[] | undefined): readonly string[] {
  const values = text.split(",").map((value) => value.trim());
  if (values.includes("")) throw new InvalidArgumentError("It must not be empty.");
  return [...(previous ?? []), ...values];
}

/** One path: the names in it may contain commas. */
export function collectField(text: string, previous: readonly string[] | undefined): readonly string[] {
  const names = parseFieldPath(text);
  if (names !== null && names.length > 1 && (names[0] === "organization" || names[0] === "member")) {
    return [...(previous ?? []), formatFieldPath(names)];
  }
  throw new InvalidArgumentError(
    "Write organization.<field> or member.<field>, such as member.email_address; quote a name with a dot: 'member.trusted_metadata.\"acme.com\"'.",
  );
}

export function collectIpRange(text: string, previous: readonly string[] | undefined): readonly string[] {
  const ranges = text.split(",").map((range) => normalizeIpRange(range.trim()));
  if (!ranges.includes(null)) return [...(previous ?? []), ...ranges.filter((range) => range !== null)];
  throw new InvalidArgumentError(
    "Write an IPv4 or IPv6 address or range, such as 203.0.113.0/24 or 2001:db8::/32, without leading zeros.",
  );
}

/**
 * The ID becomes part of a URL path, and paths are logged: a whole key must not get there. For the same reason the
 * error does not repeat what was typed.
 */
export function parseKeyId(text: string): string {
  if (/^[0-9a-z]{16}$/.test(text)) return text;
  throw new CliError(
    text.startsWith("pst_")
      ? "Give the key's ID, not the key: the 16 characters after pst_test_ or pst_live_."
      : "A key ID has 16 characters, digits and lower-case letters. The list command shows them.",
    2,
  );
}

/** The name is stored in the audit log, where a whole key must not be. */
export function parseOrganization(text: string): string {
  if (text.search(KEY_PATTERN) !== -1) throw new CliError("Give the organization, not a key.", 2);
  if (isIdentifier(text)) return text;
  throw new CliError(
    "Give the organization's ID, slug or external ID: 1 to 256 characters, no control characters and none of / \\ ? # %.",
    2,
  );
}

/** The ID of a session, member or organization. The audit log shows it, where a whole key must not be; nor a session JWT. */
export function parseSessionName(text: string): string {
  if (text.search(KEY_PATTERN) !== -1) throw new CliError("Give an ID, not a key.", 2);
  if (/^eyJ[\w-]*\./.test(text)) throw new CliError("Give an ID, not a session JWT.", 2);
  if (isIdentifier(text)) return text;
  throw new CliError("An ID has 1 to 256 characters, no control characters and none of / \\ ? # %.", 2);
}

/** The characters of Stytch's IDs, slugs and external IDs: https://stytch.com/docs/b2b/api/organization-object */
export const isStytchName = (text: string) => /^[A-Za-z0-9._~|-]{1,128}$/.test(text);
