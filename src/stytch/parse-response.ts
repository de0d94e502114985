/** What an answer of Stytch means: status → JSON → schema, or which failure it is. Pure. */

import type * as z from "zod";
import type { Failure } from "../errors.ts";
import { parseJson } from "../platform/bounded-json.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { isAboutCredentials, StytchError } from "./schemas/error-schema.ts";

export interface RawResponse {
  readonly status: number;
  readonly retryAfter: string | null;
  /** Undefined: more than Postern takes. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

export type ParsedResponse<T> =
  | { readonly body: Uint8Array<ArrayBuffer>; readonly value: T; readonly failure?: never }
  | {
      /** `absent`: Stytch knows no such object. */
      readonly failure: Failure | "absent";
      /** For the log: field paths and error types, never a value. */
      readonly detail?: string;
    };

/**
 * `clean` takes Postern's own secrets out of a text of Stytch's. `now`: ms since the epoch. The request ID is Stytch's, or null
 * where the body has none that is fit for a log.
 */
export function parseResponse<T>(
  raw: RawResponse,
  schema: z.ZodType<T>,
  redact: (text: string) => string,
  now: number,
): { readonly requestId: string | null; readonly meaning: ParsedResponse<T> } {
  const json = raw.bytes === undefined ? undefined : parseJson(raw.bytes);
  const meaning =
    raw.status === 200 ? parseSuccess(raw.bytes, json, schema) : parseError(raw, json, redact, now);
  const requestId = requestIdOf(json);
  // One that is none of Postern's own secrets, whatever an upstream puts there.
  return { requestId: requestId !== null && redact(requestId) === requestId ? requestId : null, meaning };
}

function parseSuccess<T>(
  bytes: Uint8Array<ArrayBuffer> | undefined,
  json: unknown,
  schema: z.ZodType<T>,
): ParsedResponse<T> {
  const failure = { type: "upstream_invalid_response" } as const;
  if (bytes === undefined) return { failure, detail: "too large" };
  if (json === undefined) return { failure, detail: "not JSON, or nested too deep" };
  const parsed = schema.safeParse(json);
  if (!parsed.success) return { failure, detail: issuePaths(parsed.error) };
  // The value as it came: the schemas change nothing, and zod's copy leaves out a field named __proto__.
  return { body: bytes, value: json as T };
}

function parseError(
  { status, retryAfter }: RawResponse,
  json: unknown,
  redact: (text: string) => string,
  now: number,
): { readonly failure: Failure | "absent"; readonly detail?: string } {
  const error = StytchError.safeParse(json);
  const detail = error.success ? redact(error.data.error_type) : "no readable error";
  if (status === 404) return { failure: "absent", detail };
  const named = parseRetryAfter(retryAfter, now);
  if (status === 429) return { failure: { type: "upstream_rate_limited", retryAfterSeconds: named } };
  if (status >= 500) {
    const failure = { type: "upstream_unavailable" } as const;
    return { failure: named === undefined ? failure : { ...failure, retryAfterSeconds: named } };
  }
  if (status < 300) return { failure: { type: "upstream_invalid_response" }, detail: `status ${status}` };
  if (status !== 400) return { failure: { type: "upstream_rejected" }, detail };
  if (!error.success) return { failure: { type: "upstream_invalid_response" }, detail };
  const { error_type, error_message, error_url } = error.data;
  if (isAboutCredentials(error_type)) return { failure: { type: "upstream_rejected" }, detail };
  return {
    failure: {
      type: "upstream_bad_request",
      errorType: redact(error_type),
      errorMessage: redact(error_message),
      errorUrl: error_url?.startsWith("https://stytch.com/")
        ? redact(error_url)
        : `https://stytch.com/docs/b2b/api/errors/400#${redact(error_type)}`,
    },
    detail,
  };
}

function requestIdOf(json: unknown): string | null {
  const id = (json as { request_id?: unknown } | null | undefined)?.request_id;
  return typeof id === "string" && /^[\w-]{1,100}$/.test(id) ? id : null;
}

/** Field names come from the schema, or are short keys of the answer; values never appear. */
function issuePaths(error: z.ZodError): string {
  const paths = error.issues.slice(0, 10).map((issue) => issue.path.join(".") || "(body)");
  return paths.join(", ").slice(0, 300);
}
