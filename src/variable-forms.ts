/** The forms that variables of the environment have. A problem says what is wrong with a value, never the value. */
import * as z from "zod";

const MIN_SECRET_LENGTH = 32;
/** Random secrets of that length have more, even in hexadecimal; placeholders such as `xxxx…` have fewer. */
const MIN_DIFFERENT_CHARACTERS = 8;

/** A variable that is set to an empty text counts as not set, as an empty line in `.dev.vars` means. */
export const emptyAsUnset = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === "" ? undefined : value), schema);

export const stringOr = (problem: string) =>
  z.string({ error: (issue) => (issue.input === undefined ? "missing" : problem) });

/** Variables are strings, but numbers if `wrangler.toml` writes them without quotes. */
export function numberVariable(fallback: number, min: number, max: number, whole = true) {
  const problem = `must be a ${whole ? "whole " : ""}number from ${min} to ${max}`;
  return emptyAsUnset(
    z.preprocess(
      (value) => (typeof value === "string" && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value),
      z
        .number(problem)
        .refine((value) => value >= min && value <= max && (!whole || Number.isInteger(value)), problem)
        .default(fallback),
    ),
  );
}

export const longSecret = stringOr("must be a string")
  .min(MIN_SECRET_LENGTH, { error: `must have at least ${MIN_SECRET_LENGTH} characters`, abort: true })
  .refine(
    (value) => new Set(value).size >= MIN_DIFFERENT_CHARACTERS && !isRepeated(value),
    `must be random, with at least ${MIN_DIFFERENT_CHARACTERS} different characters and no pattern that repeats: openssl rand -hex 32`,
  );

/** True for a text that is a shorter one again and again. */
function isRepeated(value: string): boolean {
  for (let period = 1; period <= value.length / 2; period += 1) {
    if (value.startsWith(value.slice(period))) return true;
  }
  return false;
}

/** The characters that a credential in a header may have. */
export const HEADER_SAFE = /^[!-~]+$/;

/** A secret that is sent in a header. */
export const longToken = longSecret.regex(HEADER_SAFE, "must be printable ASCII without spaces");

/** A variable of `wrangler.toml` is a boolean if it is written without quotes. */
export const flag = (fallback: boolean) =>
  z
    .union([z.boolean(), z.enum(["true", "false"])], "must be true or false")
    .transform((value) => value === true || value === "true")
    .default(fallback);

export const upstreamSecret = stringOr("must be a string").regex(
  HEADER_SAFE,
  "must be printable ASCII without spaces",
);

/** The hosts of this machine (RFC 6890 §2.2.2), as `URL` writes them. */
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * What is wrong with the base URL; null if nothing is. A path would make a 404 of everything, and plain HTTP would send
 * the project secret in the clear.
 */
export function checkBaseUrl(value: string): string | null {
  const url = URL.parse(value);
  // What `URL` would correct, such as spaces and backslashes, is not an origin either.
  const isOriginOnly = url !== null && /^https?:\/\/[^\s/?#@\\]+\/?$/i.test(value);
  if (!isOriginOnly)
    return "must be an origin such as https://api.stytch.com, without a path, query or credentials";
  if (url.protocol === "http:" && !LOOPBACK_HOST.test(url.hostname))
    return "must be https; http is for loopback only (localhost, 127.0.0.0/8, [::1])";
  return null;
}

/** Svix makes secrets of 24 to 64 bytes. */
export const MIN_WEBHOOK_SECRET_BYTES = 24;

/** The form of a secret of Svix: https://docs.svix.com/receiving/verifying-payloads/how-manual */
export function isWebhookSecret(value: string): boolean {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(value)?.[1];
  if (base64 === undefined || base64.length % 4 !== 0) return false;
  return (base64.replace(/=+$/, "").length * 3) / 4 >= MIN_WEBHOOK_SECRET_BYTES;
}
