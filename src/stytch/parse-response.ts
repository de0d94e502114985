/** Parses a response of Stytch: status, then JSON, then schema. The result is a body or a failure. Pure. */

import type * as z from "zod";
import type { Failure } from "../errors.ts";
import { parseJson } from "../platform/bounded-json.ts";
import { failed, type Result, success } from "../result.ts";
import { DEFAULT_PAUSE_SECONDS } from "./pauses.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { isAboutObject, isAboutRequest, StytchError } from "./schemas/error-schema.ts";

export interface RawResponse {
  readonly status: number;
  readonly retryAfter: string | null;
  /**
   * Undefined if the body is larger than Postern accepts or does not decompress, or if that of an error did not arrive
   * in time.
   */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** A body that passed its schema. */
export interface ParsedBody<T> {
  /** As Stytch sent it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly json: T;
}

/** `not_found`: Stytch says that it has no such object. */
export type StytchFailure = Failure | "not_found";

interface Parsed<T> {
  readonly result: Result<ParsedBody<T>, StytchFailure>;
  /** For the log, if it failed: field paths and error types, never a value. */
  readonly detail: string | undefined;
}

export interface ParsedResponse<T> extends Parsed<T> {
  /** The ID that Stytch gave to the request; null if the body has none that is fit for a log. */
  readonly requestId: string | null;
}

/**
 * `operation`: what was read, as `isAboutObject` takes it. `redact` removes Postern's own secrets from a text. `now` is
 * in ms since the epoch.
 */
export function parseResponse<T>(
  raw: RawResponse,
  operation: string,
  schema: z.ZodType<T>,
  redact: (text: string) => string,
  now: number,
): ParsedResponse<T> {
  const json = raw.bytes === undefined ? undefined : parseJson(raw.bytes);
  const parsed =
    raw.status === 200
      ? parseSuccess(raw.bytes, json, schema)
      : parseError(raw, operation, json, redact, now);
  const requestId = requestIdOf(json);
  // An upstream may echo a secret in any field.
  return { ...parsed, requestId: requestId !== null && redact(requestId) === requestId ? requestId : null };
}

/** In UTF-16 code units. A longer message is cut. */
const MAX_MESSAGE_LENGTH = 2_000;

const NO_MESSAGE = "Stytch gave no reason.";

const failure = (reason: StytchFailure, detail?: string) => ({ result: failed(reason), detail });

const invalid = (detail: string) => failure({ type: "upstream_invalid_response" }, detail);

function parseSuccess<T>(
  bytes: Uint8Array<ArrayBuffer> | undefined,
  json: unknown,
  schema: z.ZodType<T>,
): Parsed<T> {
  if (bytes === undefined) return invalid("too large, or does not decompress");
  if (json === undefined) return invalid("not JSON, or nested too deep");
  const parsed = schema.safeParse(json);
  if (!parsed.success) return invalid(issuePaths(parsed.error));
  // The parsed JSON itself: the schemas change nothing, but zod's copy drops a field named __proto__.
  return { result: success({ bytes, json: json as T }), detail: undefined };
}

function parseError(
  { status, retryAfter }: RawResponse,
  operation: string,
  json: unknown,
  redact: (text: string) => string,
  now: number,
): Parsed<never> {
  const error = StytchError.safeParse(json);
  const detail = error.success ? redact(error.data.error_type) : "no readable error";
  const retryAfterSeconds = parseRetryAfter(retryAfter, now);
  if (status === 429) {
    const type = "upstream_rate_limited";
    return failure({ type, retryAfterSeconds: retryAfterSeconds ?? DEFAULT_PAUSE_SECONDS });
  }
  if (status >= 500) {
    const type = "upstream_unavailable";
    return failure(retryAfterSeconds === undefined ? { type } : { type, retryAfterSeconds });
  }
  if (status < 300) return invalid(`status ${status}`);
  if (!error.success) return failure({ type: "upstream_rejected" }, detail);
  const { error_type, error_message, error_url } = error.data;
  if (status === 404 && isAboutObject(error.data, operation)) return failure("not_found", detail);
  if (status !== 400 || !isAboutRequest(error_type)) return failure({ type: "upstream_rejected" }, detail);
  return failure(
    {
      type: "upstream_bad_request",
      errorType: redact(error_type),
      errorMessage: error_message ? cutMessage(redact(error_message)) : NO_MESSAGE,
      errorUrl: error_url?.startsWith("https://stytch.com/")
        ? redact(error_url)
        : `https://stytch.com/docs/b2b/api/errors/400#${redact(error_type)}`,
    },
    detail,
  );
}

/** Half of a surrogate pair at the end would not be Unicode: it is left out, too. */
const cutMessage = (text: string) => text.slice(0, MAX_MESSAGE_LENGTH).replace(/[\uD800-\uDBFF]$/, "");

function requestIdOf(json: unknown): string | null {
  const id = (json as { request_id?: unknown } | null | undefined)?.request_id;
  return typeof id === "string" && /^[\w-]{1,100}$/.test(id) ? id : null;
}

/** Paths hold field names of the schema and short keys of the body; values never appear. */
function issuePaths(error: z.ZodError): string {
  const paths = error.issues.slice(0, 10).map((issue) => issue.path.join(".") || "(body)");
  return paths.join(", ").slice(0, 300);
}
