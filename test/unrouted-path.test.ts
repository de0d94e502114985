/** What the log holds of the path of a request that no route has. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { KnownPaths } from "../src/unrouted-path.ts";
import { createIsolate, createKey } from "./support/deployment.ts";
import { declareSecret, logLines } from "./support/egress.ts";
import { TEST_VARS } from "./support/vars.ts";
import { SECRET } from "./support/webhook.ts";

const ADMIN = { Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN}` };
const canary = "canary-of-a-path";
declareSecret(canary);

test.each([
  ["/", "/"],
  ["/favicon.ico", "/*"],
  [`/${canary}`, "/*"],
  ["/v1", "/v1"],
  ["/v1/", "/v1/*"],
  [`/v1/b2b/${canary}`, "/v1/b2b/*"],
  ["/v1/b2b/sessions/authenticate", "/v1/b2b/sessions/*"],
  [`/v1/b2b/sso/${canary}`, "/v1/b2b/sso/*"],
  ["/v1/b2b/rbac/policies", "/v1/b2b/rbac/*"],
  [`/v1/b2b/organizations/${canary}/members/ada@acme.example`, "/v1/b2b/organizations/*"],
  [`/v1/b2b/organizations/members/other/${canary}`, "/v1/b2b/organizations/members/*"],
  [`//v1/b2b/organizations/${canary}/x`, "/v1/b2b/organizations/*"],
  [`/v1//b2b/${canary}`, "/v1/*"],
  ["/V1/b2b", "/*"],
  [`/healthz/${canary}`, "/healthz/*"],
  [`/whoami/?key=${canary}`, "/whoami/*"],
  [`/admin/keys/${canary}/x`, "/admin/keys/*"],
  [`/admin/${canary}`, "/admin/*"],
  [`/webhooks/${canary}`, "/webhooks/*"],
  [`/__proto__/${canary}`, "/*"],
])("the unknown path %s is logged as %s", async (path, known) => {
  const isolate = createIsolate({ CORS_ORIGINS: "https://app.example", STYTCH_WEBHOOK_SECRET: SECRET });
  const preflight = { Origin: "https://app.example", "Access-Control-Request-Method": "GET" };
  for (const [method, headers] of [
    ["GET", ADMIN],
    ["POST", {}],
    ["OPTIONS", {}],
    ["OPTIONS", preflight],
  ] as const) {
    await isolate.call(path, { method, headers });
    expect(logLines().at(-1)).toMatchObject({ route: null, path: known });
  }
});

test("a path in an area that is not configured is logged without a word of it", async () => {
  await createIsolate({ ADMIN_TOKEN: "" }).call(`/admin/keys/${canary}`);
  expect(logLines().at(-1)).toMatchObject({ route: null, path: "/*" });
});

test("a request with a route has no path in its log line, whatever its answer", async () => {
  const isolate = createIsolate();
  const { key } = await createKey(isolate);
  for (const [path, method] of [
    ["/v1/b2b/organizations/%2F", "GET"],
    ["/v1/b2b/organizations/acme", "PUT"],
    ["/admin/keys", "GET"],
    ["/admin/keys", "PUT"],
  ] as const) {
    await isolate.call(path, { key, method });
    const line = logLines().at(-1);
    expect(line).not.toHaveProperty("path");
    expect(line?.["route"]).toEqual(expect.stringMatching(/^\/(?:admin|v1)\//));
  }
});

test("nothing of a path is kept but what Postern and Stytch gave it", () => {
  const paths = new KnownPaths(["/v1/b2b/organizations/:organization_id", "/admin/keys/:key_id/rotate"]);
  const words = ["v1", "b2b", "organizations", "admin", "keys", "rotate", "rbac", ""];
  const path = fc
    .array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 20 })
    .map((segments) => `/${segments.join("/")}`);
  const allowed = /^(?:\/|(?:\/v1(?:\/b2b(?:\/(?:organizations|rbac))?)?|\/admin(?:\/keys)?)?(?:\/\*)?)$/;
  fc.assert(
    fc.property(path, (one) => allowed.test(paths.cut(one))),
    { numRuns: 2_000 },
  );
});
