/** The effect of each fault on a response. */

import { decodeBasic } from "./credentials.ts";
import {
  insertInvalidUtf8,
  mistypeField,
  nestDeeply,
  padToHuge,
  removeField,
  replaceOrganization,
} from "./fault-bodies.ts";
import { createCutStream, createDripStream, createEndlessStream, hangUntilAborted } from "./fault-streams.ts";
import type { Fault } from "./faults.ts";
import { createError, createResponse, toSortedJson } from "./responses.ts";
import type { JsonObject } from "./shapes.ts";
import type { Store } from "./store.ts";

type StatusFault = Extract<Fault, { kind: "status" }>;

const ERROR_TYPES: Record<StatusFault["status"], string> = {
  400: "bad_request",
  401: "unauthorized_credentials",
  403: "unauthorized_action",
  404: "organization_not_found",
  408: "request_timeout",
  409: "conflict",
  418: "im_a_teapot",
  429: "too_many_requests",
  500: "internal_server_error",
  502: "bad_gateway",
  503: "server_unavailable",
  504: "gateway_timeout",
};

/** Consumes `response`. Rejects only for the fault `hang`, when the caller aborts the request. */
export async function applyFault(
  fault: Fault,
  request: Request,
  response: Response,
  store: Store,
): Promise<Response> {
  const withBody = (body: BodyInit) => new Response(body, response);
  const withJson = (body: JsonObject) => withBody(toSortedJson(body));
  const readBody = () => response.json<JsonObject>();
  switch (fault.kind) {
    case "status":
      return createStatusError(fault);
    case "hang":
      return await hangUntilAborted(request.signal);
    case "drip":
      return withBody(createDripStream(await response.bytes()));
    case "cut":
      return withBody(createCutStream(await response.bytes()));
    case "html":
      return replaceWith("<!doctype html><title>Maintenance</title>", "text/html; charset=utf-8");
    case "wrong_type":
      response.headers.set("content-type", "text/plain");
      return response;
    case "empty":
      return replaceWith(null);
    case "array":
      return replaceWith("[]");
    case "null":
      return replaceWith("null");
    case "deep":
      return withBody(nestDeeply(await readBody()));
    case "huge":
      return withBody(padToHuge(await readBody()));
    case "endless":
      return withBody(createEndlessStream(`{"organization":{"trusted_metadata":"`));
    case "redirect":
      return redirect(new URL(request.url));
    case "invalid_utf8":
      return withBody(insertInvalidUtf8(await readBody()));
    case "missing_field":
      return withJson(removeField(await readBody(), fault.field));
    case "mistyped_field":
      return withJson(mistypeField(await readBody(), fault.field));
    case "other_organization":
      return withJson(replaceOrganization(await readBody(), store));
    case "echo":
      return echoCredentials(request.headers.get("authorization") ?? "");
    default:
      return fault satisfies never;
  }
}

function createStatusError(fault: StatusFault): Response {
  const type = fault.error_type ?? ERROR_TYPES[fault.status];
  const headers = fault.retry_after === undefined ? undefined : { "retry-after": String(fault.retry_after) };
  return createError(fault.status, type, `The sandbox simulates status ${fault.status}.`, headers);
}

function replaceWith(body: string | null, type = "application/json"): Response {
  return createResponse(body, 200, { "content-type": type });
}

function redirect({ pathname, search }: URL): Response {
  return createResponse(null, 302, {
    "content-type": "application/json",
    location: `https://elsewhere.example${pathname}${search}`,
  });
}

function echoCredentials(authorization: string): Response {
  const decoded = decodeBasic(authorization) ?? "";
  return createError(400, "bad_request", `Could not serve Authorization: ${authorization} (${decoded})`);
}
