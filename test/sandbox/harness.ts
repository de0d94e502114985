/** Calls the sandbox in process, with the credentials of its wrangler.toml. */

import sandbox from "../../sandbox/index.ts";
import { demo } from "../../sandbox/seed.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";

export const env = {
  STYTCH_PROJECT_ID: "project-test-11111111-1111-4111-8111-111111111111",
  STYTCH_SECRET: "secret-test-sandbox-only-not-a-real-secret",
};
export const ACME_PATH = `/v1/b2b/organizations/${demo.organization_id}`;
export const authorization = basic(env.STYTCH_PROJECT_ID, env.STYTCH_SECRET);

export function basic(project: string, secret: string): string {
  return `Basic ${btoa(`${project}:${secret}`)}`;
}

export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  return await sandbox.fetch(new Request(`https://sandbox.test${path}`, init), env);
}

export function get(path: string, init: RequestInit = {}): Promise<Response> {
  return send(path, { ...init, headers: { authorization } });
}

export function getOrganization(key: string): Promise<Response> {
  return get(`/v1/b2b/organizations/${encodeURIComponent(key)}`);
}

export function getMember(id: string, query = ""): Promise<Response> {
  return get(`/v1/b2b/organizations/members/dangerously_get/${id}${query}`);
}

export function sendControl(method: string, resource: string, body?: JsonObject | string): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return send(`/_sandbox/${resource}`, { method, ...(body === undefined ? {} : { body: text }) });
}

export function reset(): Promise<Response> {
  return sendControl("POST", "reset");
}

/** Adds the fault and makes one call. Throws if the sandbox rejects the fault. */
export async function getWithFault(
  fault: JsonObject,
  path = ACME_PATH,
  init: RequestInit = {},
): Promise<Response> {
  const added = await sendControl("POST", "faults", fault);
  if (added.status !== 201) throw new Error(`The sandbox rejected the fault: ${await added.text()}`);
  return get(path, init);
}
