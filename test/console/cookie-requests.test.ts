/** The admin API with the cookie of the console in place of the token. */
import { beforeEach, expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { SAME_ORIGIN, signIn } from "../support/console.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { logLines } from "../support/egress.ts";
import { ADMIN_HEADERS } from "../support/scrape.ts";
import { ROTATING_KEY_SECRETS, TEST_VARS } from "../support/vars.ts";

const { at } = useClock();

let isolate: TestIsolate;
let Cookie: string;
beforeEach(async () => {
  await emptyDirectory();
  isolate = createIsolate();
  Cookie = await signIn(isolate);
  isolate.resetCounts();
});

const BODY = { name: "By the console", scopes: ["organizations:read"] };
const errorOf = async (response: Response) => [
  response.status,
  (await response.json<{ error_type?: string }>()).error_type,
];

test("the cookie opens the admin API to a page of the same origin", async () => {
  const headers = { ...SAME_ORIGIN, Cookie };
  expect((await isolate.call("/admin/keys", { method: "POST", headers, body: BODY })).status).toBe(201);
  const listed = await isolate.call("/admin/keys", { headers });
  expect(await listed.json()).toMatchObject({ keys: [{ name: "By the console" }] });
});

test.each([
  ["POST", "/admin/keys"],
  ["PATCH", "/admin/keys/0123456789abcdef"],
  ["DELETE", "/admin/keys/0123456789abcdef"],
  ["POST", "/admin/keys/0123456789abcdef/rotate"],
  ["POST", "/admin/cache/purge"],
  ["PUT", "/admin/session-policy"],
  ["DELETE", "/admin/session-policy"],
  ["POST", "/admin/sessions/revoke"],
])("%s %s by the cookie does nothing unless it comes from the same origin", async (method, path) => {
  for (const site of [undefined, "none", "same-site", "cross-site", "", "SAME-ORIGIN"]) {
    const headers: Record<string, string> =
      site === undefined ? { Cookie } : { Cookie, "Sec-Fetch-Site": site };
    const response = await isolate.call(path, { method, headers, body: BODY });
    expect(await errorOf(response), `Sec-Fetch-Site: ${site}`).toEqual([403, "cross_site_request"]);
  }
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  expect(logLines().at(-1)).toMatchObject({ status: 403, error_type: "cross_site_request" });
});

test.each<[string | undefined, number]>([
  [undefined, 200],
  ["same-origin", 200],
  ["none", 200],
  ["same-site", 403],
  ["cross-site", 403],
])("a read by the cookie with Sec-Fetch-Site %s is %i", async (site, status) => {
  const headers: Record<string, string> =
    site === undefined ? { Cookie } : { Cookie, "Sec-Fetch-Site": site };
  for (const method of ["GET", "HEAD"]) {
    expect((await isolate.call("/admin/keys", { method, headers })).status).toBe(status);
  }
});

test("the header decides if both come: a right one needs no Sec-Fetch-Site, a wrong one is 401", async () => {
  const both = { Cookie: "__Host-postern=forged", ...ADMIN_HEADERS };
  expect((await isolate.call("/admin/keys", { method: "POST", headers: both, body: BODY })).status).toBe(201);
  for (const Authorization of ["Bearer wrong", "Basic x", ""]) {
    const response = await isolate.call("/admin/keys", {
      headers: { ...SAME_ORIGIN, Cookie, Authorization },
    });
    expect(await errorOf(response)).toEqual([401, "invalid_admin_token"]);
  }
});

test.each([
  ["forged", () => "__Host-postern=v1.1800043200.".padEnd(93, "0")],
  ["of a later end than was signed", () => Cookie.replace("1800043200", "1800043201")],
  ["the admin token itself", () => `__Host-postern=${TEST_VARS.ADMIN_TOKEN}`],
  ["of another name", () => Cookie.replace("__Host-", "__Secure-")],
])("a cookie that is %s opens nothing and costs no I/O", async (_, forge) => {
  const response = await isolate.call("/admin/keys", { headers: { ...SAME_ORIGIN, Cookie: forge() } });
  expect(await errorOf(response)).toEqual([401, "invalid_admin_token"]);
  expect(isolate.counts.objects).toEqual({});
});

test("the cookie ends after 12 hours, and with a change of ADMIN_TOKEN or KEY_SECRET", async () => {
  const headers = { ...SAME_ORIGIN, Cookie };
  for (const name of ["ADMIN_TOKEN", "KEY_SECRET"] as const) {
    const changed = createIsolate({ [name]: `${TEST_VARS[name]}x` });
    expect((await changed.call("/admin/keys", { headers })).status).toBe(401);
  }
  // The previous secret proves keys, and no operator.
  const rotating = createIsolate(ROTATING_KEY_SECRETS);
  expect((await rotating.call("/admin/keys", { headers })).status).toBe(401);
  at(43_199);
  expect((await isolate.call("/admin/keys", { headers })).status).toBe(200);
  at(43_200);
  expect((await isolate.call("/admin/keys", { headers })).status).toBe(401);
});

test("the cookie opens no proxied read, no /whoami and no /metrics", async () => {
  await createKey(isolate);
  for (const path of ["/v1/b2b/organizations/acme", "/whoami", "/whoami/usage", "/metrics"]) {
    expect((await isolate.call(path, { headers: { ...SAME_ORIGIN, Cookie } })).status, path).toBe(401);
  }
});

test("CORS_ORIGINS opens neither the admin API nor the sign-in nor a hand-over to a page", async () => {
  for (const CORS_ORIGINS of ["*", "https://a.example"]) {
    const open = createIsolate({ CORS_ORIGINS });
    const asked = { Origin: "https://a.example", "Access-Control-Request-Method": "POST" };
    for (const path of ["/admin/keys", "/console/session", "/handover"]) {
      const preflight = await open.call(path, { method: "OPTIONS", headers: { ...asked, Cookie } });
      const read = await open.call(path, { headers: { Origin: "https://a.example", Cookie } });
      for (const response of [preflight, read]) {
        expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
      }
      expect(preflight.ok, path).toBe(false);
    }
  }
});

test("what is done by the cookie is in the audit as the token's", async () => {
  await isolate.call("/admin/keys", { method: "POST", headers: { ...SAME_ORIGIN, Cookie }, body: BODY });
  const audit = await isolate.call("/admin/audit", { headers: { Cookie } });
  expect(await audit.json()).toMatchObject({ events: [{ action: "key.created", actor: "token" }] });
});
