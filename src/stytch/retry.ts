/** Which attempts to reach Stytch are worth another, and how long to wait before it. Pure. */

/** Beside the first. All calls are GETs, so that one more does no harm. */
const MAX_RETRIES = 2;
/** Before the first retry, at most, in ms; before each further one twice that. */
const BASE_DELAY_MS = 100;

/** The longest that a caller waits for another attempt because Stytch says so, in ms. */
const MAX_RETRY_AFTER_MS = 500;

/** What came of an attempt: the connection failed, or Stytch answered with this status. */
export type AttemptOutcome = "no_connection" | number;

/** These say that another attempt may meet a better server (RFC 9110 §15.6.3 to §15.6.5); 500 says that Stytch choked on this one. */
const isTransient = (attempt: AttemptOutcome) =>
  attempt === "no_connection" || attempt === 502 || attempt === 503 || attempt === 504;

/**
 * How long to wait before another attempt, in ms; null where there is none to make: `retries` have been made already, this will not pass, or not
 * within `leftMs`. Half of a pause is by chance (`random`: 0 to 1), so that those who failed together do not come back together. A server that says
 * when to come (`retryAfterSeconds`) is taken at its word: where that is not soon, the caller is told, and does not wait.
 */
export function retryDelayMs(
  attempt: AttemptOutcome,
  retries: number,
  leftMs: number,
  retryAfterSeconds: number | undefined,
  random: number,
): number | null {
  if (!isTransient(attempt) || retries >= MAX_RETRIES) return null;
  const longest = BASE_DELAY_MS * 2 ** retries;
  const namedMs = (retryAfterSeconds ?? 0) * 1_000;
  const pause = Math.max((longest * (1 + random)) / 2, namedMs);
  return namedMs <= MAX_RETRY_AFTER_MS && pause < leftMs ? pause : null;
}
