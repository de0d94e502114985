/** The retry policy of a call to Stytch: exponential back-off with jitter. Pure. */

/** In addition to the first attempt. Every call is a GET, so that a retry is safe (RFC 9110 §9.2.2). */
const MAX_RETRIES = 2;
/** The upper bound of the delay before the first retry; it doubles with each further retry. */
const BASE_DELAY_MS = 100;

/** A `Retry-After` beyond this is passed on to the caller instead of being waited for. */
const MAX_RETRY_AFTER_MS = 500;

/** The status of the response, or `no_connection` if there was none. */
export type AttemptOutcome = "no_connection" | number;

/** 502, 503 and 504 (RFC 9110 §15.6.3 to §15.6.5) may not recur; a 500 is likely to, for the same request. */
const isTransient = (outcome: AttemptOutcome) =>
  outcome === "no_connection" || outcome === 502 || outcome === 503 || outcome === 504;

/**
 * Returns the delay before the next attempt in ms, or null if there must be none: after `retries` retries, for an
 * outcome that is not transient, or if the attempt could not begin within `leftMs`.
 *
 * The delay is drawn from the upper half of its range (`random`: 0 to 1), so that clients that failed together do not
 * retry together. It is at least `retryAfterSeconds`; if that is longer than 500 ms, the result is null.
 */
export function retryDelayMs(
  outcome: AttemptOutcome,
  retries: number,
  leftMs: number,
  retryAfterSeconds: number | undefined,
  random: number,
): number | null {
  if (!isTransient(outcome) || retries >= MAX_RETRIES) return null;
  const maxBackOffMs = BASE_DELAY_MS * 2 ** retries;
  const retryAfterMs = (retryAfterSeconds ?? 0) * 1_000;
  const delayMs = Math.max((maxBackOffMs * (1 + random)) / 2, retryAfterMs);
  return retryAfterMs <= MAX_RETRY_AFTER_MS && delayMs < leftMs ? delayMs : null;
}
