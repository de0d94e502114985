/** Parsers of option and argument values. They catch obvious mistakes before a request; the server judges the rest. */
import { isIP } from "node:net";
import { InvalidArgumentError } from "commander";
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

const RFC_3339_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

export function parseTime(text: string): string {
  if (RFC_3339_TIME.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new InvalidArgumentError("Write a date and time with a time zone, such as 2027-01-01T00:00:00Z.");
}

/** Appends one value of an option that may be repeated. */
export function collect(text: string, previous: readonly string[] | undefined): readonly string[] {
  if (text.trim() === "") throw new InvalidArgumentError("It must not be empty.");
  return [...(previous ?? []), text];
}

export function collectField(text: string, previous: readonly string[] | undefined): readonly string[] {
  if (/^(organization|member)(\.[^.]+)+$/.test(text)) return collect(text, previous);
  throw new InvalidArgumentError(
    "Write organization.<field> or member.<field>, such as member.email_address.",
  );
}

export function collectIpRange(text: string, previous: readonly string[] | undefined): readonly string[] {
  const [address = "", prefix] = text.split(/\/(.*)/s);
  const maxPrefix = { 4: 32, 6: 128 }[isIP(address)];
  const isRange =
    maxPrefix !== undefined &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= maxPrefix));
  if (isRange) return collect(text, previous);
  throw new InvalidArgumentError(
    "Write an IPv4 or IPv6 address or range, such as 203.0.113.0/24 or 2001:db8::/32.",
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
