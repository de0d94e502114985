/** `Retry-After` (RFC 9110 §10.2.3): a number of seconds, or an HTTP date. */

/**
 * A longer time is a mistake, either of Stytch or of a clock. Here is the only place that reads `Retry-After`, so no
 * pause lasts longer, and no caller is told more.
 */
const MAX_RETRY_AFTER_SECONDS = 3_600;

/** The three forms of RFC 9110 §5.6.7: IMF-fixdate, and those of RFC 850 and asctime, obsolete but to be accepted. */
const HTTP_DATE =
  /^(?:[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -](?:\d{2}){1,2} [\d:]{8} GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4})$/;

/**
 * Returns the seconds from `now` (ms since the epoch), 0 to 3,600; undefined if the header is missing or malformed. A
 * number has no maximum of digits.
 */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const value = header.trim();
  if (/^\d+$/.test(value)) return clamp(Number(value));
  const date = HTTP_DATE.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : clamp((date - now) / 1_000);
}

const clamp = (seconds: number) => Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(0, seconds));
