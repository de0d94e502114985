/**
 * The control routes under `/_sandbox/`: they change data, latency and faults, and list the API calls received.
 * They need no authentication, so this Worker must never be deployed.
 */

import { type Context, Hono, type HonoRequest } from "hono";
import { HTTPException } from "hono/http-exception";
import * as z from "zod";
import type { SandboxEnv } from "./credentials.ts";
import { FAULT_DESCRIPTIONS, faultSchema } from "./faults.ts";
import { createListing } from "./listing.ts";
import { createSessionControls } from "./session-controls.ts";
import { isJsonObject, type Json, type JsonObject } from "./shapes.ts";
import type { SandboxState } from "./state.ts";

const latencySchema = z.strictObject({ ms: z.int().min(0).max(60_000) });

export function createControls(state: SandboxState): Hono<SandboxEnv> {
  const { store, faults, log } = state;
  const controls = new Hono<SandboxEnv>();

  controls.get("/requests", (c) => c.json({ total: log.total, requests: log.requests }));
  controls.delete("/requests", (c) => {
    log.clear();
    return c.body(null, 204);
  });

  controls.route("/", createListing(store));

  controls.put("/latency", async (c) => {
    const latency = await parseBody(c.req, latencySchema);
    state.latencyMs = latency.ms;
    return c.json(latency);
  });

  controls.post("/faults", async (c) => {
    faults.add(await parseBody(c.req, faultSchema));
    return c.json({ faults: faults.active }, 201);
  });
  controls.delete("/faults", (c) => {
    faults.clear();
    return c.body(null, 204);
  });

  controls.patch("/organizations/:organization_id", async (c) => {
    const fields = await parseFields(c.req, ["organization_id"]);
    const patched = store.patchOrganization(c.req.param("organization_id"), fields);
    return patched === undefined ? objectNotFound(c) : c.json(patched);
  });
  controls.patch("/members/:member_id", async (c) => {
    const fields = await parseFields(c.req, ["member_id", "organization_id"]);
    const patched = store.patchMember(c.req.param("member_id"), fields);
    return patched === undefined ? objectNotFound(c) : c.json(patched);
  });
  controls.delete("/organizations/:organization_id", (c) =>
    store.deleteOrganization(c.req.param("organization_id")) ? c.body(null, 204) : objectNotFound(c),
  );

  controls.route("/", createSessionControls(state));

  controls.post("/reset", (c) => {
    state.reset();
    return c.body(null, 204);
  });

  const routes = describeRoutes(controls);
  // A sub-app has no `notFound` of its own. Unlike `*`, this pattern does not match `/_sandbox` itself.
  controls.all("/:path{.*}", (c) => c.json({ message: "This control does not exist.", routes }, 404));
  controls.onError((error, c) => {
    if (!(error instanceof HTTPException)) throw error;
    return c.json({ message: error.message, routes, fault_kinds: FAULT_DESCRIPTIONS }, error.status);
  });
  return controls;
}

/** For example "PATCH organizations/{organization_id}". */
function describeRoutes({ routes }: Hono<SandboxEnv>): string[] {
  return routes.map(({ method, path }) => `${method} ${path.slice(1).replace(/:(\w+)/g, "{$1}")}`);
}

function objectNotFound(c: Context): Response {
  return c.json({ message: "The sandbox has no object with this ID." }, 404);
}

/** Throws an HTTPException with status 400 if the body does not match the schema. */
async function parseBody<T>(request: HonoRequest, schema: z.ZodType<T>): Promise<T> {
  const body = await readJson(request);
  if (body === undefined) throw badRequest("The body is not JSON.");
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
  return parsed.data;
}

/** Throws an HTTPException with status 400 if the body changes an ID: the store would keep the old one as its key. */
async function parseFields(request: HonoRequest, readOnlyFields: readonly string[]): Promise<JsonObject> {
  const body = await readJson(request);
  if (!isJsonObject(body)) throw badRequest("The body must be a JSON object of the fields to change.");
  const readOnly = readOnlyFields.find((field) => Object.hasOwn(body, field));
  if (readOnly !== undefined) throw badRequest(`${readOnly} cannot be changed.`);
  return body;
}

/** Returns undefined if the body is not JSON. Ignores `Content-Type`, so that plain `curl -d` works. */
async function readJson(request: HonoRequest): Promise<Json | undefined> {
  try {
    return await request.json<Json>();
  } catch {
    return undefined;
  }
}

function badRequest(message: string): HTTPException {
  return new HTTPException(400, { message });
}
