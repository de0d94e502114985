/** Over real sockets: by which names an answer of Stytch counts. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SandboxedPostern, startSandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { type Json, member, memberEnvelope, organization, organizationEnvelope } from "../support/bodies.ts";
import { memberPath, organizationPath } from "../support/paths.ts";

type Answer = (response: ServerResponse) => void;

/** What the upstream answers to each identifier, and how often it was asked for it. */
const answers = new Map<string, Answer>();
const asked = new Map<string, number>();

const upstream = createServer((request, response) => {
  const identifier = decodeURIComponent(String(request.url?.split("/").at(-1)));
  asked.set(identifier, (asked.get(identifier) ?? 0) + 1);
  (answers.get(identifier) ?? stytchError(404, "organization_not_found"))(response);
});

let postern: SandboxedPostern;
let key: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  postern = await startSandboxedPostern({
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

function send(status: number, body: string | Uint8Array = "", headers: Record<string, string> = {}): Answer {
  return (response) => void response.writeHead(status, headers).end(body);
}
const json = (body: Json, status = 200) =>
  send(status, JSON.stringify(body), { "Content-Type": "application/json" });
const stytchError = (status: number, error_type: string) =>
  json(
    { status_code: status, request_id: "request-id-test-1", error_type, error_message: "No.", error_url: "" },
    status,
  );

async function read(path: string, headers: Record<string, string> = {}) {
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
const readOrganization = async (identifier: string) => await read(organizationPath(identifier));

test.each(["organization_slug", "organization_external_id"])(
  "an organization is served by its %s in the form of an ID, and cached",
  async (field) => {
    const name = `organization-test-${crypto.randomUUID()}`;
    const org = organization({ [field]: name });
    answers.set(name, json(organizationEnvelope(org)));
    expect((await readOrganization(name)).body).toMatchObject({ organization: org });
    expect((await readOrganization(name)).cacheStatus).toMatch(/^postern; hit; /);
    expect((await readOrganization(String(org["organization_id"]))).cacheStatus).toMatch(
      /^postern; (hit|fwd)/,
    );
    expect(asked.get(name)).toBe(1);
  },
);

test("a member is served by an external ID in the form of an ID", async () => {
  const name = `member-test-${crypto.randomUUID()}`;
  const one = member({ external_id: name });
  answers.set(name, json(memberEnvelope(one, organization({ organization_id: one["organization_id"] }))));
  expect((await read(memberPath(name))).body).toMatchObject({ member: one });
});

test("an ID in capitals is the same entry if the upstream answers it", async () => {
  const org = organization();
  const id = String(org["organization_id"]);
  for (const name of [id, id.toUpperCase()]) answers.set(name, json(organizationEnvelope(org)));
  for (const name of [id.toUpperCase(), id, id.toUpperCase()])
    expect((await readOrganization(name)).body).toMatchObject({ organization: org });
  expect((await readOrganization(id.toUpperCase())).cacheStatus).toMatch(/^postern; hit; /);
  expect(asked.get(id.toUpperCase())).toBe(1);
});

test("an answer without the asked ID is 502", async () => {
  const name = `organization-test-${crypto.randomUUID()}`;
  answers.set(name, json(organizationEnvelope(organization({ organization_external_id: "crm|1" }))));
  expect((await readOrganization(name)).outcome).toEqual([502, "upstream_invalid_response"]);
});
