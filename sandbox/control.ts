/**
 * `/_sandbox/…`: what a test or a person tells the sandbox to do, and what it tells of the calls it had.
 * No authentication: this Worker is never to be deployed.
 */

import * as z from "zod";
import { FAULT_KINDS, type FaultQueue, faultSchema } from "./faults.ts";
import type { RequestLog } from "./request-log.ts";
import { isObject, type Json, type JsonObject } from "./shapes.ts";
import type { Store } from "./store.ts";

export interface Sandbox {
  store: Store;
  faults: FaultQueue;
  log: RequestLog;
  latencyMs: number;
}

const PREFIX = "/_sandbox/";
const ROUTES = [
  "GET requests",
  "DELETE requests",
  "PUT latency",
  "POST faults",
  "DELETE faults",
  "PATCH organizations/{organization_id}",
  "PATCH members/{member_id}",
  "DELETE organizations/{organization_id}",
  "POST reset",
];
const NOT_JSON = "The body is not JSON.";
const latencySchema = z.strictObject({ ms: z.int().min(0).max(60_000) });

export function isControl(pathname: string): boolean {
  return pathname.startsWith(PREFIX);
}

export async function control(request: Request, sandbox: Sandbox): Promise<Response> {
  const [resource = "", id] = new URL(request.url).pathname.slice(PREFIX.length).split("/");
  switch (`${request.method} ${resource}${id === undefined ? "" : "/"}`) {
    case "GET requests":
      return Response.json({ total: sandbox.log.total, requests: sandbox.log.requests });
    case "DELETE requests":
      sandbox.log.clear();
      return done();
    case "PUT latency":
      return setLatency(await readJson(request), sandbox);
    case "POST faults":
      return addFault(await readJson(request), sandbox.faults);
    case "DELETE faults":
      sandbox.faults.clear();
      return done();
    case "PATCH organizations/":
      return patch(await readJson(request), ["organization_id"], (fields) =>
        sandbox.store.patchOrganization(id ?? "", fields),
      );
    case "PATCH members/":
      return patch(await readJson(request), ["member_id", "organization_id"], (fields) =>
        sandbox.store.patchMember(id ?? "", fields),
      );
    case "DELETE organizations/":
      return sandbox.store.deleteOrganization(id ?? "") ? done() : noSuchObject();
    case "POST reset":
      reset(sandbox);
      return done();
    default:
      return Response.json({ message: "No such control.", routes: ROUTES }, { status: 404 });
  }
}

function reset(sandbox: Sandbox): void {
  sandbox.store.reset();
  sandbox.faults.clear();
  sandbox.log.clear();
  sandbox.latencyMs = 0;
}

function setLatency(body: Json | undefined, sandbox: Sandbox): Response {
  if (body === undefined) return badRequest(NOT_JSON);
  const parsed = latencySchema.safeParse(body);
  if (!parsed.success) return badRequest(z.prettifyError(parsed.error));
  sandbox.latencyMs = parsed.data.ms;
  return Response.json(parsed.data);
}

function addFault(body: Json | undefined, faults: FaultQueue): Response {
  if (body === undefined) return badRequest(NOT_JSON);
  const parsed = faultSchema.safeParse(body);
  if (!parsed.success) return badRequest(z.prettifyError(parsed.error));
  faults.add(parsed.data);
  return Response.json({ faults: faults.active }, { status: 201 });
}

/** A new ID would leave the object under its old one. */
function patch(
  body: Json | undefined,
  fixed: readonly string[],
  apply: (fields: JsonObject) => JsonObject | undefined,
): Response {
  if (!isObject(body)) return badRequest("The body must be a JSON object of the fields to change.");
  const refused = fixed.find((field) => Object.hasOwn(body, field));
  if (refused !== undefined) return badRequest(`${refused} cannot be changed.`);
  const patched = apply(body);
  return patched === undefined ? noSuchObject() : Response.json(patched);
}

/** Undefined if it is not JSON. */
async function readJson(request: Request): Promise<Json | undefined> {
  try {
    return await request.json<Json>();
  } catch {
    return undefined;
  }
}

function done(): Response {
  return new Response(null, { status: 204 });
}

function noSuchObject(): Response {
  return Response.json({ message: "The sandbox has no such object." }, { status: 404 });
}

function badRequest(message: string): Response {
  return Response.json({ message, routes: ROUTES, fault_kinds: FAULT_KINDS }, { status: 400 });
}
