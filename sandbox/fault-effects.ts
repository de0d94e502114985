/**
 * What each fault does to an answer. One that alters a field leaves alone an answer without that field
 * (a 404 has no organization that could lose its slug).
 */

import { type Answer, failure, toHeaders, toResponse, toText } from "./answers.ts";
import { decodeBasic } from "./api.ts";
import { cutStream, dripStream, endlessStream, never } from "./fault-streams.ts";
import type { Fault } from "./faults.ts";
import { isObject, type Json, type JsonObject } from "./shapes.ts";
import type { Store } from "./store.ts";

const DEPTH = 20_000;
const HUGE_BYTES = 3 * 1024 * 1024;
/** Stands in the JSON text for what JSON.stringify cannot write; the seed holds nothing like it. */
const MARK = "@@sandbox-mark@@";

const STATUS_TYPES: Record<Extract<Fault, { kind: "status" }>["status"], string> = {
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
  answer: Answer,
  store: Store,
): Promise<Response> {
  const bytes = () => new TextEncoder().encode(toText(answer.body));
  switch (fault.kind) {
    case "status":
      return toResponse(createFailure(fault));
    case "hang":
      return never(request.signal);
    case "drip":
      return toResponse(answer, dripStream(bytes()));
    case "cut":
      return toResponse(answer, cutStream(bytes()));
    case "html":
      return toResponse(
        withType(200, "text/html; charset=utf-8"),
        "<!doctype html><title>Maintenance</title>",
      );
    case "wrong_type":
      return toResponse({ ...answer, headers: { ...answer.headers, "content-type": "text/plain" } });
    case "empty":
      return toResponse(withType(200), null);
    case "array":
      return toResponse(withType(200), "[]");
    case "null":
      return toResponse(withType(200), "null");
    case "deep":
      return toResponse(answer, split(answer, { nested: MARK }).join("[".repeat(DEPTH) + "]".repeat(DEPTH)));
    case "huge":
      return toResponse(answer, pad(answer));
    case "endless":
      return toResponse(answer, endlessStream(`{"organization":{"trusted_metadata":"`));
    case "redirect":
      return redirect(new URL(request.url));
    case "invalid_utf8":
      return toResponse(answer, invalidUtf8(answer));
    case "missing_field":
      return toResponse(alter(answer, fault.field, () => undefined));
    case "mistyped_field":
      return toResponse(alter(answer, fault.field, mistype));
    case "other_organization":
      return toResponse(replaceOrganization(answer, store));
    case "echo":
      return toResponse(echo(request.headers.get("authorization")));
    default:
      return fault satisfies never;
  }
}

function createFailure(fault: Extract<Fault, { kind: "status" }>): Answer {
  const type = fault.error_type ?? STATUS_TYPES[fault.status];
  const headers = fault.retry_after === undefined ? undefined : { "retry-after": String(fault.retry_after) };
  return failure(fault.status, type, `The sandbox was told to answer ${fault.status}.`, headers);
}

function withType(status: number, type = "application/json"): Answer {
  return { status, body: {}, headers: { "content-type": type } };
}

function redirect(url: URL): Response {
  const headers = toHeaders(withType(302));
  headers.set("location", `https://elsewhere.example${url.pathname}${url.search}`);
  return new Response(null, { status: 302, headers });
}

/** The object the call was about: the member, else the organization, else the envelope itself. */
function withMetadata(body: JsonObject, metadata: JsonObject): JsonObject {
  for (const name of ["member", "organization"]) {
    const subject = body[name];
    if (isObject(subject)) return { ...body, [name]: { ...subject, trusted_metadata: metadata } };
  }
  return { ...body, trusted_metadata: metadata };
}

/** The body's text before and after the marked string, quotes included. */
function split(answer: Answer, metadata: JsonObject): [string, string] {
  const [before = "", after = ""] = toText(withMetadata(answer.body, metadata)).split(`"${MARK}"`);
  return [before, after];
}

function pad(answer: Answer): string {
  const [before, after] = split(answer, { padding: MARK });
  const length = new TextEncoder().encode(`${before}""${after}`).length;
  return `${before}"${"x".repeat(HUGE_BYTES - length)}"${after}`;
}

function invalidUtf8(answer: Answer): Uint8Array<ArrayBuffer> {
  const [before, after] = split(answer, { text: MARK });
  const encoder = new TextEncoder();
  return new Uint8Array([...encoder.encode(`${before}"`), 0xff, ...encoder.encode(`"${after}`)]);
}

function alter(answer: Answer, field: string, change: (value: Json) => Json | undefined): Answer {
  const { body } = answer;
  const changed = changeField(body, field, change);
  const inside = ["organization", "member"].flatMap((name) => {
    const subject = body[name];
    return isObject(subject) && Object.hasOwn(subject, field)
      ? [[name, changeField(subject, field, change)]]
      : [];
  });
  return { ...answer, body: inside.length === 0 ? changed : { ...body, ...Object.fromEntries(inside) } };
}

function changeField(
  object: JsonObject,
  field: string,
  change: (value: Json) => Json | undefined,
): JsonObject {
  const entries = Object.entries(object).flatMap(([name, value]): [string, Json][] => {
    const kept = name === field ? change(value) : value;
    return kept === undefined ? [] : [[name, kept]];
  });
  return Object.fromEntries(entries);
}

/** A number where there was a string or null (which stands for an unset string or object), else a string. */
function mistype(value: Json): Json {
  return typeof value === "string" || value === null ? 12_345 : "mistyped";
}

function replaceOrganization(answer: Answer, store: Store): Answer {
  const { organization } = answer.body;
  if (!isObject(organization)) return answer;
  const { organization_id: id } = organization;
  const other = store.findOtherOrganization(String(id));
  return other === undefined ? answer : { ...answer, body: { ...answer.body, organization: other } };
}

function echo(authorization: string | null): Answer {
  const decoded = decodeBasic(authorization) ?? "";
  return failure(400, "bad_request", `Could not serve Authorization: ${authorization ?? ""} (${decoded})`);
}
