/** What stands behind the options: the obvious mistakes are caught here, the rest is the server's to judge. */
import { isIP } from "node:net";
import { InvalidArgumentError } from "commander";
import { isIdentifier } from "../src/stytch/identifier.ts";
import { KEY, Stop } from "./errors.ts";

export interface RateLimit {
  readonly limit: number;
  readonly period_seconds: number;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `600/60` (seconds), `10/s`, `600/m`, `1000/h`, `5000/d`. */
export function rateLimit(text: string): RateLimit {
  const [, limit, period] = /^(\d{1,9})\/(\d{1,9}|[smhd])$/.exec(text) ?? [];
  if (limit === undefined || period === undefined) {
    throw new InvalidArgumentError(
      "Write calls/seconds, such as 600/60, or calls in a unit: 10/s, 600/m, 1000/h, 5000/d.",
    );
  }
  return { limit: Number(limit), period_seconds: SECONDS[period] ?? Number(period) };
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

export function time(text: string): string {
  if (TIME.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new InvalidArgumentError("Write a time with its zone, such as 2027-01-01T00:00:00Z.");
}

/** One more of an option that may be repeated. */
export function also(text: string, before: readonly string[] | undefined): readonly string[] {
  if (text.trim() === "") throw new InvalidArgumentError("It must not be empty.");
  return [...(before ?? []), text];
}

export function alsoField(text: string, before: readonly string[] | undefined): readonly string[] {
  if (/^(organization|member)(\.[^.]+)+$/.test(text)) return also(text, before);
  throw new InvalidArgumentError(
    "Write organization.<field> or member.<field>, such as member.email_address.",
  );
}

export function alsoRange(text: string, before: readonly string[] | undefined): readonly string[] {
  const [address = "", bits] = text.split(/\/(.*)/s);
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  const fits = bits === undefined ? most > 0 : /^\d{1,3}$/.test(bits) && Number(bits) <= most;
  if (fits) return also(text, before);
  throw new InvalidArgumentError(
    "Write an IPv4 or IPv6 address or range, such as 203.0.113.0/24 or 2001:db8::/32.",
  );
}

/** It goes into a path, and so into logs: a whole key must not. What was given is not repeated, for the same reason. */
export function keyId(text: string): string {
  if (/^[0-9a-z]{16}$/.test(text)) return text;
  throw new Stop(
    text.startsWith("pst_")
      ? "Give the key's ID, not the key: the 16 characters behind pst_test_ or pst_live_."
      : "A key ID has 16 characters, digits and small letters. The command list shows them.",
    2,
  );
}

/** It is kept in the audit, where a whole key must not be. */
export function organizationName(text: string): string {
  if (text.match(KEY) !== null) throw new Stop("Give the organization, not a key.", 2);
  if (isIdentifier(text)) return text;
  throw new Stop(
    "Give the organization's ID, slug or external ID: up to 256 characters, none of them a control character or any of / \\ ? # %.",
    2,
  );
}
