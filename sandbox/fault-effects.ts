/**
 * The effect of each fault on a response. A fault that changes a field has no effect on a response without the field:
 * a 404 has no organization, so it has no slug to lose.
 */

import { decodeBasic } from "./api.ts";
import { createCutStream, createDripStream, createEndlessStream, hangUntilAborted } from "./fault-streams.ts";
import type { Fault } from "./faults.ts";
import { type ApiResponse, createError, toHeaders, toResponse, toSortedJson } from "./responses.ts";
import { isJsonObject, type Json, type JsonObject } from "./shapes.ts";
import type { Store } from "./store.ts";

const NESTING_DEPTH = 20_000;
const HUGE_BYTES = 3 * 1024 * 1024;
/** A placeholder in the JSON text for what JSON.stringify cannot write. It does not occur in the seed. */
const PLACEHOLDER = "@@sandbox-placeholder@@";

const ERROR_TYPES: Record<Extract<Fault, { kind: "status" }>["status"], string> = {
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

export async function applyFault(
  fault: Fault,
  request: Request,
  response: ApiResponse,
  store: Store,
): Promise<Response> {
  const bytes = () => new TextEncoder().encode(toSortedJson(response.body));
  switch (fault.kind) {
    case "status":
      return toResponse(createStatusError(fault));
    case "hang":
      return hangUntilAborted(request.signal);
    case "drip":
      return toResponse(response, createDripStream(bytes()));
    case "cut":
      return toResponse(response, createCutStream(bytes()));
    case "html":
      return toResponse(
        emptyResponse(200, "text/html; charset=utf-8"),
        "<!doctype html><title>Maintenance</title>",
      );
    case "wrong_type":
      return toResponse({ ...response, headers: { ...response.headers, "content-type": "text/plain" } });
    case "empty":
      return toResponse(emptyResponse(200), null);
    case "array":
      return toResponse(emptyResponse(200), "[]");
    case "null":
      return toResponse(emptyResponse(200), "null");
    case "deep":
      return toResponse(
        response,
        splitAtPlaceholder(response, { nested: PLACEHOLDER }).join(
          "[".repeat(NESTING_DEPTH) + "]".repeat(NESTING_DEPTH),
        ),
      );
    case "huge":
      return toResponse(response, padToHuge(response));
    case "endless":
      return toResponse(response, createEndlessStream(`{"organization":{"trusted_metadata":"`));
    case "redirect":
      return redirect(new URL(request.url));
    case "invalid_utf8":
      return toResponse(response, insertInvalidUtf8(response));
    case "missing_field":
      return toResponse(changeFields(response, fault.field, () => undefined));
    case "mistyped_field":
      return toResponse(changeFields(response, fault.field, mistype));
    case "other_organization":
      return toResponse(replaceOrganization(response, store));
    case "echo":
      return toResponse(createEcho(request.headers.get("authorization")));
    default:
      return fault satisfies never;
  }
}

function createStatusError(fault: Extract<Fault, { kind: "status" }>): ApiResponse {
  const type = fault.error_type ?? ERROR_TYPES[fault.status];
  const headers = fault.retry_after === undefined ? undefined : { "retry-after": String(fault.retry_after) };
  return createError(fault.status, type, `The sandbox simulates status ${fault.status}.`, headers);
}

function emptyResponse(status: number, type = "application/json"): ApiResponse {
  return { status, body: {}, headers: { "content-type": type } };
}

function redirect(url: URL): Response {
  const headers = toHeaders(emptyResponse(302));
  headers.set("location", `https://elsewhere.example${url.pathname}${url.search}`);
  return new Response(null, { status: 302, headers });
}

/** Replaces the metadata of the requested object: the member, or the organization, or else the envelope itself. */
function replaceMetadata(body: JsonObject, metadata: JsonObject): JsonObject {
  for (const name of ["member", "organization"]) {
    const object = body[name];
    if (isJsonObject(object)) return { ...body, [name]: { ...object, trusted_metadata: metadata } };
  }
  return { ...body, trusted_metadata: metadata };
}

/** Returns the body's text before and after the placeholder and its quotes. */
function splitAtPlaceholder(response: ApiResponse, metadata: JsonObject): [string, string] {
  const [before = "", after = ""] = toSortedJson(replaceMetadata(response.body, metadata)).split(
    `"${PLACEHOLDER}"`,
  );
  return [before, after];
}

function padToHuge(response: ApiResponse): string {
  const [before, after] = splitAtPlaceholder(response, { padding: PLACEHOLDER });
  const length = new TextEncoder().encode(`${before}""${after}`).length;
  return `${before}"${"x".repeat(HUGE_BYTES - length)}"${after}`;
}

function insertInvalidUtf8(response: ApiResponse): Uint8Array<ArrayBuffer> {
  const [before, after] = splitAtPlaceholder(response, { text: PLACEHOLDER });
  const encoder = new TextEncoder();
  return new Uint8Array([...encoder.encode(`${before}"`), 0xff, ...encoder.encode(`"${after}`)]);
}

function changeFields(
  response: ApiResponse,
  field: string,
  change: (value: Json) => Json | undefined,
): ApiResponse {
  const { body } = response;
  const changed = changeField(body, field, change);
  const changedObjects = ["organization", "member"].flatMap((name) => {
    const object = body[name];
    return isJsonObject(object) && Object.hasOwn(object, field)
      ? [[name, changeField(object, field, change)]]
      : [];
  });
  return {
    ...response,
    body: changedObjects.length === 0 ? changed : { ...body, ...Object.fromEntries(changedObjects) },
  };
}

function changeField(
  object: JsonObject,
  field: string,
  change: (value: Json) => Json | undefined,
): JsonObject {
  const entries = Object.entries(object).flatMap(([name, value]): [string, Json][] => {
    const changedValue = name === field ? change(value) : value;
    return changedValue === undefined ? [] : [[name, changedValue]];
  });
  return Object.fromEntries(entries);
}

/** Returns a number for a string or null (an unset string or object), and a string for anything else. */
function mistype(value: Json): Json {
  return typeof value === "string" || value === null ? 12_345 : "mistyped";
}

function replaceOrganization(response: ApiResponse, store: Store): ApiResponse {
  const { organization } = response.body;
  if (!isJsonObject(organization)) return response;
  const { organization_id: id } = organization;
  const other = store.findOtherOrganization(String(id));
  return other === undefined ? response : { ...response, body: { ...response.body, organization: other } };
}

function createEcho(authorization: string | null): ApiResponse {
  const decoded = decodeBasic(authorization) ?? "";
  return createError(
    400,
    "bad_request",
    `Could not serve Authorization: ${authorization ?? ""} (${decoded})`,
  );
}
