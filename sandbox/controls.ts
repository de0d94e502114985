/**
 * The control routes under `/_sandbox/`: they change data, latency and faults, and list the API calls received.
 * They need no authentication, so this Worker must never be deployed.
 */

import * as z from "zod";
import { FAULT_DESCRIPTIONS, type FaultQueue, faultSchema } from "./faults.ts";
import type { RequestLog } from "./request-log.ts";
import { isJsonObject, type Json, type JsonObject } from "./shapes.ts";
import type { Store } from "./store.ts";

export interface SandboxState {
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

export function isControlPath(pathname: string): boolean {
  return pathname.startsWith(PREFIX);
}

export async function handleControl(request: Request, state: SandboxState): Promise<Response> {
  const [resource = "", id] = new URL(request.url).pathname.slice(PREFIX.length).split("/");
  switch (`${request.method} ${resource}${id === undefined ? "" : "/"}`) {
    case "GET requests":
      return Response.json({ total: state.log.total, requests: state.log.requests });
    case "DELETE requests":
      state.log.clear();
      return noContent();
    case "PUT latency":
      return setLatency(await readJson(request), state);
    case "POST faults":
      return addFault(await readJson(request), state.faults);
    case "DELETE faults":
      state.faults.clear();
      return noContent();
    case "PATCH organizations/":
      return patch(await readJson(request), ["organization_id"], (fields) =>
        state.store.patchOrganization(id ?? "", fields),
      );
    case "PATCH members/":
      return patch(await readJson(request), ["member_id", "organization_id"], (fields) =>
        state.store.patchMember(id ?? "", fields),
      );
    case "DELETE organizations/":
      return state.store.deleteOrganization(id ?? "") ? noContent() : objectNotFound();
    case "POST reset":
      reset(state);
      return noContent();
    default:
      return Response.json({ message: "This control does not exist.", routes: ROUTES }, { status: 404 });
  }
}

function reset(state: SandboxState): void {
  state.store.reset();
  state.faults.clear();
  state.log.clear();
  state.latencyMs = 0;
}

function setLatency(body: Json | undefined, state: SandboxState): Response {
  if (body === undefined) return badRequest(NOT_JSON);
  const parsed = latencySchema.safeParse(body);
  if (!parsed.success) return badRequest(z.prettifyError(parsed.error));
  state.latencyMs = parsed.data.ms;
  return Response.json(parsed.data);
}

function addFault(body: Json | undefined, faults: FaultQueue): Response {
  if (body === undefined) return badRequest(NOT_JSON);
  const parsed = faultSchema.safeParse(body);
  if (!parsed.success) return badRequest(z.prettifyError(parsed.error));
  faults.add(parsed.data);
  return Response.json({ faults: faults.active }, { status: 201 });
}

/** IDs are read-only: the store would keep the object under its old ID. */
function patch(
  body: Json | undefined,
  readOnlyFields: readonly string[],
  apply: (fields: JsonObject) => JsonObject | undefined,
): Response {
  if (!isJsonObject(body)) return badRequest("The body must be a JSON object of the fields to change.");
  const readOnly = readOnlyFields.find((field) => Object.hasOwn(body, field));
  if (readOnly !== undefined) return badRequest(`${readOnly} cannot be changed.`);
  const patched = apply(body);
  return patched === undefined ? objectNotFound() : Response.json(patched);
}

/** Returns undefined if the body is not JSON. */
async function readJson(request: Request): Promise<Json | undefined> {
  try {
    return await request.json<Json>();
  } catch {
    return undefined;
  }
}

function noContent(): Response {
  return new Response(null, { status: 204 });
}

function objectNotFound(): Response {
  return Response.json({ message: "This object does not exist in the sandbox." }, { status: 404 });
}

function badRequest(message: string): Response {
  return Response.json({ message, routes: ROUTES, fault_kinds: FAULT_DESCRIPTIONS }, { status: 400 });
}
