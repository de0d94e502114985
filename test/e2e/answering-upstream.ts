/** A Postern in front of an upstream on a socket that answers each identifier as a test says. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll } from "vitest";
import type { Json } from "../support/bodies.ts";
import { organizationPath } from "../support/paths.ts";
import { type ClockedPostern, startClockedPostern } from "./postern.ts";

export type Answer = (response: ServerResponse) => void;

/** What the upstream answers to each identifier, and how often it was asked for it. */
export const answers = new Map<string, Answer>();
export const asked = new Map<string, number>();

const upstream = createServer((request, response) => {
  const identifier = decodeURIComponent(String(request.url?.split("/").at(-1)));
  asked.set(identifier, (asked.get(identifier) ?? 0) + 1);
  (answers.get(identifier) ?? stytchError(404, "organization_not_found"))(response);
});

let postern: ClockedPostern;
let key: string;

/** Starts and stops both around the tests of a file. */
export function useAnsweringUpstream(): void {
  beforeAll(async () => {
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    const { port } = upstream.address() as AddressInfo;
    postern = await startClockedPostern({
      STYTCH_BASE_URL: `http://127.0.0.1:${port}/`,
      CACHE_FRESH_SECONDS: "1",
      CACHE_STALE_SECONDS: "1",
      CACHE_NEGATIVE_SECONDS: "60",
    });
    key = await postern.createKey(["organizations:read", "members:dangerously_get", "cache:refresh"]);
  });
  afterAll(async () => {
    await postern.stop();
    upstream.closeAllConnections();
    upstream.close();
  });
}

/** Moves Postern's clock on. */
export const advance = async (ms: number) => await postern.advance(ms);

export function send(
  status: number,
  body: string | Uint8Array = "",
  headers: Record<string, string> = {},
): Answer {
  return (response) => void response.writeHead(status, headers).end(body);
}
export const json = (body: Json, status = 200) =>
  send(status, JSON.stringify(body), { "Content-Type": "application/json" });
export const stytchError = (status: number, error_type: string) =>
  json(
    { status_code: status, request_id: "request-id-test-1", error_type, error_message: "No.", error_url: "" },
    status,
  );

export async function read(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(postern.url + path, {
    headers: { Authorization: `Bearer ${key}`, ...headers },
  });
  const body = (await response.json()) as Json;
  return {
    outcome: [response.status, body["error_type"]],
    cacheStatus: response.headers.get("Cache-Status"),
    body,
  };
}
export const readOrganization = async (identifier: string) => await read(organizationPath(identifier));
