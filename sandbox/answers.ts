/**
 * The form of every API answer: minified JSON with its keys in alphabetical order, a new `request_id`, and
 * headers of the upstream's own, which a proxy has to keep to itself.
 */

import { isObject, type Json, type JsonObject } from "./shapes.ts";

export interface Answer {
  status: number;
  body: JsonObject;
  headers: Record<string, string>;
}

export function success(fields: JsonObject, headers: Record<string, string> = {}): Answer {
  return { status: 200, body: { ...fields, request_id: requestId(), status_code: 200 }, headers };
}

export function failure(
  status: number,
  type: string,
  message: string,
  headers: Record<string, string> = {},
): Answer {
  const body = {
    error_message: message,
    error_type: type,
    error_url: `https://stytch.com/docs/b2b/api/errors/${status}#${type}`,
    request_id: requestId(),
    status_code: status,
  };
  return { status, body, headers };
}

export function toResponse(answer: Answer, body: BodyInit | null = toText(answer.body)): Response {
  return new Response(body, { status: answer.status, headers: toHeaders(answer) });
}

export function toHeaders(answer: Answer): Headers {
  return new Headers({
    "content-type": "application/json; charset=utf-8",
    server: "stytch-sandbox",
    "set-cookie": "stytch_sandbox=1; Path=/; HttpOnly",
    vary: "Origin",
    "x-stytch-trace": crypto.randomUUID(),
    "x-upstream": "sandbox",
    ...answer.headers,
  });
}

export function toText(value: Json): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const names = Object.keys(value).sort((one, other) => (one < other ? -1 : 1));
  return Object.fromEntries(names.map((name) => [name, sorted(value[name] ?? null)]));
}

function requestId(): string {
  return `request-id-test-${crypto.randomUUID()}`;
}
