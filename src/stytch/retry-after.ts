/** `Retry-After`: a number of seconds, or an HTTP date (RFC 9110 §10.2.3). */

/** Seconds from `now` (ms since the epoch), never negative; undefined where the header is absent or says neither. */
export function retryAfterSeconds(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const value = header.trim();
  if (/^\d{1,9}$/.test(value)) return Number(value);
  // A date always names a month; without the check `Date.parse` takes "-1" for a year.
  const date = /[a-z]{3}/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
}
