/** The reference, from outside: its examples work, and `error_url` leads to a description. */
import { B2BClient } from "stytch";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { PROJECT_ID } from "../../dev/credentials.ts";
import { type SandboxedPostern, startSandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { operationsOf } from "../../openapi/pages/reference-page.ts";
import type { PageDocument, RoutedOperation } from "../../openapi/pages/shapes.ts";
import { curlOf } from "../../openapi/pages/snippets.ts";
import document from "../../openapi.json";

let postern: SandboxedPostern;
let client: B2BClient;
let key: string;

beforeAll(async () => {
  postern = await startSandboxedPostern({}, { hasAssets: true });
  key = await postern.createKey([
    "organizations:read",
    "organizations:metrics",
    "organizations:connected_apps",
    "members:read",
    "members:dangerously_get",
    "rbac:read",
  ]);
  // The SDK warns of a plain-HTTP base URL.
  vi.spyOn(console, "warn").mockImplementation(() => {});
  client = new B2BClient({ project_id: PROJECT_ID, secret: key, env: `${postern.url}/` });
});
afterAll(async () => await postern.stop());
afterEach(() => vi.restoreAllMocks());

const operations = operationsOf(document as unknown as PageDocument);
const inSdk = operations.filter((operation) => operation["x-node-sdk"] !== undefined);

/** The address of the curl example, with the deployment's. */
function addressOf(operation: RoutedOperation): string {
  const [, path = ""] = /"\$POSTERN_URL([^"]*)"/.exec(curlOf(operation) ?? "") ?? [];
  return postern.url + path;
}

test.each(inSdk)("the examples of $operationId work, with curl and with the SDK", async (operation) => {
  const response = await fetch(addressOf(operation), { headers: { Authorization: `Bearer ${key}` } });
  expect(response.status).toBe(200);
  const call = operation["x-node-sdk"] ?? "";
  const examples = (operation.parameters ?? []).filter(({ name }) => /^\w+$/.test(name));
  const run = new Function("postern", ...examples.map(({ name }) => name), `return postern.${call};`) as (
    postern: B2BClient,
    ...values: unknown[]
  ) => Promise<{ status_code: number }>;
  expect(await run(client, ...examples.map(({ example }) => example))).toMatchObject({ status_code: 200 });
});

test("error_url leads to the description of the error", async () => {
  const response = await fetch(`${postern.url}/nowhere`);
  const { error_type: type, error_url: url } = (await response.json()) as Record<string, string>;
  expect(url).toBe(`${postern.url}/docs/errors#route_not_found`);
  const page = await (await fetch(url ?? "")).text();
  expect(page).toContain(`id="${type}"`);
});
