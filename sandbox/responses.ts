/**
 * The form of every API response: minified JSON with its keys in alphabetical order, a new `request_id`, and headers
 * that only the upstream sends, which a proxy must not pass on.
 */

import { isJsonObject, type Json, type JsonObject } from "./shapes.ts";

export interface ApiResponse {
  status: number;
  body: JsonObject;
  headers: Record<string, string>;
}

export function createSuccess(fields: JsonObject, headers: Record<string, string> = {}): ApiResponse {
  return { status: 200, body: { ...fields, request_id: createRequestId(), status_code: 200 }, headers };
}

export function createError(
  status: number,
  type: string,
  message: string,
  headers: Record<string, string> = {},
): ApiResponse {
  const body = {
    error_message: message,
    error_type: type,
    error_url: `https://stytch.com/docs/b2b/api/errors/${status}#${type}`,
    request_id: createRequestId(),
    status_code: status,
  };
  return { status, body, headers };
}

export function toResponse(
  response: ApiResponse,
  body: BodyInit | null = toSortedJson(response.body),
): Response {
  return new Response(body, { status: response.status, headers: toHeaders(response) });
}

export function toHeaders(response: ApiResponse): Headers {
  return new Headers({
    "content-type": "application/json; charset=utf-8",
    server: "stytch-sandbox",
    "set-cookie": "stytch_sandbox=1; Path=/; HttpOnly",
    vary: "Origin",
    "x-stytch-trace": crypto.randomUUID(),
    "x-upstream": "sandbox",
    ...response.headers,
  });
}

/** Minified JSON whose keys are in alphabetical order at every depth. */
export function toSortedJson(value: Json): string {
  return JSON.stringify(sortKeys(value));
}

function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isJsonObject(value)) return value;
  const names = Object.keys(value).sort((a, b) => (a < b ? -1 : 1));
  return Object.fromEntries(names.map((name) => [name, sortKeys(value[name] ?? null)]));
}

function createRequestId(): string {
  return `request-id-test-${crypto.randomUUID()}`;
}
