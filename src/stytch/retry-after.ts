/** `Retry-After` (RFC 9110 §10.2.3): a number of seconds, or an HTTP date. */

/** The three forms of RFC 9110 §5.6.7: IMF-fixdate, and those of RFC 850 and asctime, obsolete but to be accepted. */
const HTTP_DATE =
  /^(?:[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -](?:\d{2}){1,2} [\d:]{8} GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4})$/;

/** Returns the seconds from `now` (ms since the epoch), at least 0; undefined if the header is missing or malformed. */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const value = header.trim();
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const date = HTTP_DATE.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
}
