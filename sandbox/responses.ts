/**
 * The form of every API response: minified JSON with its keys in alphabetical order, a new `request_id`, and headers
 * that only the upstream sends, which a proxy must not pass on.
 */

import { isJsonObject, type Json, type JsonObject } from "./shapes.ts";

export function createSuccess(fields: JsonObject, headers: Record<string, string> = {}): Response {
  const body = { ...fields, request_id: createRequestId(), status_code: 200 };
  return createResponse(toSortedJson(body), 200, headers);
}

export function createError(
  status: number,
  type: string,
  message: string,
  headers: Record<string, string> = {},
): Response {
  const body = {
    error_message: message,
    error_type: type,
    error_url: `https://stytch.com/docs/b2b/api/errors/${status}#${type}`,
    request_id: createRequestId(),
    status_code: status,
  };
  return createResponse(toSortedJson(body), status, headers);
}

/** Adds the headers of the upstream; those given here win. */
export function createResponse(
  body: BodyInit | null,
  status: number,
  headers: Record<string, string>,
): Response {
  return new Response(body, {
    status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      server: "stytch-sandbox",
      "set-cookie": "stytch_sandbox=1; Path=/; HttpOnly",
      vary: "Origin",
      "x-stytch-trace": crypto.randomUUID(),
      "x-upstream": "sandbox",
      ...headers,
    },
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
