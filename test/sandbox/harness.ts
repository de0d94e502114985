/** Calls a sandbox in process, with the credentials of its wrangler.toml. */

import { afterEach, beforeEach, expect, vi } from "vitest";
import { createSandbox } from "../../sandbox/app.ts";
import type { RequestLog } from "../../sandbox/request-log.ts";
import { demo, getMembers, organizations } from "../../sandbox/seed.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";

const members = getMembers();

export const credentials = {
  STYTCH_PROJECT_ID: "project-test-11111111-1111-4111-8111-111111111111",
  STYTCH_SECRET: "secret-test-sandbox-only-not-a-real-secret",
};
export const authorization = basic(credentials.STYTCH_PROJECT_ID, credentials.STYTCH_SECRET);

/** The demo organization, another organization, and the active member of the demo organization. */
export const [acme, otherOrganization] = organizations;
export const [acmeMember] = members;
export const ACME_PATH = organizationPath(demo.organization_id);
export const JWKS_PATH = `/v1/b2b/sessions/jwks/${credentials.STYTCH_PROJECT_ID}`;
export const anyRequestId: unknown = expect.stringMatching(/^request-id-test-[0-9a-f-]{36}$/);

let sandbox = createSandbox();

/** Gives each test of the file a sandbox in its initial state, and restores timers and mocks after it. */
export function useSandbox(): void {
  beforeEach(() => {
    sandbox = createSandbox();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
}

export function basic(project: string, secret: string): string {
  return `Basic ${btoa(`${project}:${secret}`)}`;
}

export function organizationPath(key: string): string {
  return `/v1/b2b/organizations/${encodeURIComponent(key)}`;
}

export function memberPath(id: string): string {
  return `/v1/b2b/organizations/members/dangerously_get/${id}`;
}

/** Makes a call without credentials. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  return await sandbox.fetch(new Request(`https://sandbox.test${path}`, init), credentials);
}

/** Makes a call with the right credentials. */
export function get(path: string, init: RequestInit = {}): Promise<Response> {
  return send(path, { ...init, headers: { authorization } });
}

export function getOrganization(key: string): Promise<Response> {
  return get(organizationPath(key));
}

export function getMember(id: string, query = ""): Promise<Response> {
  return get(memberPath(id) + query);
}

export async function organizationStatus(key: string): Promise<number> {
  return (await getOrganization(key)).status;
}

export async function memberStatus(id: string, query = ""): Promise<number> {
  return (await getMember(id, query)).status;
}

export function sendControl(method: string, resource: string, body?: JsonObject | string): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return send(`/_sandbox/${resource}`, { method, ...(body === undefined ? {} : { body: text }) });
}

export async function readRequestLog(): Promise<Pick<RequestLog, "total" | "requests">> {
  return await (await sendControl("GET", "requests")).json();
}

/** Fails the test if the sandbox rejects the fault. */
export async function addFault(fault: JsonObject): Promise<void> {
  const response = await sendControl("POST", "faults", fault);
  expect(response.status, await response.text()).toBe(201);
}

/** Adds the fault and makes one call. */
export async function getWithFault(
  fault: JsonObject,
  path = ACME_PATH,
  init: RequestInit = {},
): Promise<Response> {
  await addFault(fault);
  return get(path, init);
}

/** Expects an error in Stytch's format. */
export async function expectError(response: Response, status: number, type: string): Promise<void> {
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({
    error_message: expect.stringMatching(/.{10,}/),
    error_type: type,
    error_url: `https://stytch.com/docs/b2b/api/errors/${status}#${type}`,
    request_id: anyRequestId,
    status_code: status,
  });
}

/** Expects a control to reject its body with a message that contains `reason`. */
export async function expectRejection(response: Response, reason: string): Promise<void> {
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ message: expect.stringContaining(reason) });
}
