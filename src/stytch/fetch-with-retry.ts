/** A GET request to Stytch: with Postern's own headers, bounded in time and bytes, and retried if that may help. */
import { version } from "../../package.json";
import { readBounded } from "../platform/bounded-body.ts";
import { withDeadline, withTimeout } from "../platform/timeout.ts";
import { failed, type Result, success } from "../result.ts";
import type { RawResponse } from "./parse-response.ts";
import { type AttemptOutcome, retryDelayMs } from "./retry.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { basicCredentials, type StytchConfig } from "./secrets.ts";

const MAX_BODY_BYTES = 1024 * 1024;

/** How long an attempt waits for the body of an error, in ms. */
const ERROR_BODY_TIMEOUT_MS = 500;

/** `deadline`: it passed before there was a whole response. `no_connection`: the connection failed or broke off. */
type ConnectionFailure = "deadline" | "no_connection";

export interface Exchange {
  /** The response to the last attempt. */
  readonly response: Result<RawResponse, ConnectionFailure>;
  /** The requests that were sent, the last one last; more than attempts if the second secret was tried as well. */
  readonly requests: readonly SentRequest[];
}

/** One request, from when it was sent until its body had arrived or it had failed. */
export interface SentRequest {
  /** The status of the response, or why there was none. */
  readonly outcome: number | ConnectionFailure;
  readonly ms: number;
}

/**
 * Makes attempts until one is not worth a retry, within `timeoutMs` for all of them. Never rejects.
 * `path` is appended to the base URL as it is.
 * `isPaused` is asked before each retry: if it returns true, none is made.
 */
export async function fetchWithRetry(
  config: StytchConfig,
  path: string,
  timeoutMs: number,
  isPaused: () => boolean,
): Promise<Exchange> {
  return await withDeadline(timeoutMs, (deadline) =>
    attemptUntil(config, path, timeoutMs, deadline, isPaused),
  );
}

async function attemptUntil(
  config: StytchConfig,
  path: string,
  timeoutMs: number,
  deadline: AbortSignal,
  isPaused: () => boolean,
): Promise<Exchange> {
  const startedAt = Date.now();
  const requests: SentRequest[] = [];
  for (let retries = 0; ; retries += 1) {
    const { response, requests: sent } = await attemptOnce(config, path, deadline);
    requests.push(...sent);
    const now = Date.now();
    const retryAfterSeconds = response.ok ? parseRetryAfter(response.value.retryAfter, now) : undefined;
    const outcome: AttemptOutcome = response.ok ? response.value.status : "no_connection";
    const leftMs = deadline.aborted ? 0 : timeoutMs - (now - startedAt);
    const delayMs = retryDelayMs(outcome, retries, leftMs, retryAfterSeconds, Math.random());
    if (delayMs === null) return { response, requests };
    await scheduler.wait(delayMs);
    // During the delay, a 429 in another call may have begun a pause.
    if (isPaused()) return { response, requests };
  }
}

/** Sends one request, and a second one with the next secret if Stytch answers 401 while the project secret rotates. */
async function attemptOnce(config: StytchConfig, path: string, deadline: AbortSignal): Promise<Exchange> {
  const { secret, nextSecret } = config;
  const requests: SentRequest[] = [];
  let sentAt = Date.now();
  const note = (outcome: SentRequest["outcome"]) => {
    const now = Date.now();
    requests.push({ outcome, ms: now - sentAt });
    sentAt = now;
  };
  try {
    let response = await send(config, path, secret, deadline);
    if (response.status === 401 && nextSecret !== undefined) {
      await response.body?.cancel();
      note(response.status);
      response = await send(config, path, nextSecret, deadline);
    }
    const bytes = await readResponseBody(response);
    const retryAfter = response.headers.get("Retry-After");
    note(response.status);
    return { response: success({ status: response.status, retryAfter, bytes }), requests };
  } catch {
    const failure = deadline.aborted ? "deadline" : "no_connection";
    note(failure);
    return { response: failed(failure), requests };
  }
}

/**
 * Undefined if the body is too large or does not decompress, or if that of an error does not arrive soon. Rejects if the
 * connection breaks off. The deadline aborts the reading, too.
 */
async function readResponseBody(response: Response): Promise<RawResponse["bytes"]> {
  const body = readBounded(MAX_BODY_BYTES, response.body);
  // Without its body an error is one all the same, so its body is not worth waiting for until the deadline.
  if (response.status !== 200) return await withTimeout(ERROR_BODY_TIMEOUT_MS, body).catch(() => undefined);
  return await body.catch((error: unknown) => {
    if (isDecompressionError(response, error)) return undefined;
    throw error;
  });
}

/**
 * True if the body arrived and is not what its `Content-Encoding` (RFC 9110 §8.4) says: another attempt would get the
 * same. workerd throws a `TypeError` then. It throws a plain `Error` that is `retryable` if the connection breaks off,
 * and a `DOMException` after the deadline.
 */
function isDecompressionError({ headers }: Response, error: unknown): boolean {
  return headers.has("Content-Encoding") && error instanceof TypeError && !("retryable" in error);
}

async function send(
  config: StytchConfig,
  path: string,
  secret: string,
  deadline: AbortSignal,
): Promise<Response> {
  return await fetch(config.baseUrl + path, {
    headers: {
      Authorization: basicCredentials(config, secret),
      Accept: "application/json",
      "User-Agent": `postern/${version}`,
      Via: "1.1 postern",
    },
    // Workers do not support "error" here: a redirect comes back as a response, and its status is refused.
    redirect: "manual",
    signal: deadline,
  });
}
