/** The `Date` header (RFC 9110 §6.6.1), which is the same text for a second. */
let last = { second: Number.NaN, text: "" };

/** `now`: ms since the epoch. */
export function formatHttpDate(now: number): string {
  const second = Math.floor(now / 1_000);
  if (second !== last.second) last = { second, text: new Date(now).toUTCString() };
  return last.text;
}
