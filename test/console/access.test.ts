/** Operators who come by Cloudflare Access. */
import { beforeEach, expect, test } from "vitest";
import { readAccessIdentity } from "../../src/console/access-identity.ts";
import { useClock } from "../support/clock.ts";
import { SAME_ORIGIN, signIn } from "../support/console.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";
import { logLines } from "../support/egress.ts";
import { ADMIN_HEADERS } from "../support/scrape.ts";

const AUD = "737646a56ab1df6ec9bddc7e5ca84eaf3b0768850f3ffb5d74f1534911fe3893";
const EMAIL = "ann@operators.example";
const PURGE = { organization_id: "organization-test-00000000-0000-4000-8000-000000000000" };

useClock();

let isolate: TestIsolate;
beforeEach(async () => {
  await emptyDirectory();
  isolate = createIsolate({ ACCESS_AUD: AUD });
});

const accessOf = (identity: Record<string, unknown> | undefined, aud = AUD): CloudflareAccessContext => ({
  aud,
  getIdentity: async () => identity,
});
const failing: CloudflareAccessContext = {
  aud: AUD,
  getIdentity: () => Promise.reject(new Error("unreachable")),
};
const outcome = async (response: Response) => [
  response.status,
  (await response.json<{ error_type?: string }>()).error_type,
];

test("a person that Access let in may use the admin API, and the audit has the e-mail address", async () => {
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await isolate.call(path, {
      method,
      headers: SAME_ORIGIN,
      access: accessOf({ email: EMAIL }),
      ...(body !== undefined && { body }),
    });
    expect(response.ok, `${method} ${path}`).toBe(true);
    return await response.json<{ key_id: string }>();
  };
  const { key_id } = await call("POST", "/admin/keys", { name: "a", scopes: ["organizations:read"] });
  await call("PATCH", `/admin/keys/${key_id}`, { name: "b" });
  await call("POST", `/admin/keys/${key_id}/rotate`);
  await call("DELETE", `/admin/keys/${key_id}`);
  await call("POST", "/admin/cache/purge", PURGE);
  await call("PUT", "/admin/session-policy", { scopes: ["organizations:read"], max_age_seconds: 300 });
  await call("DELETE", "/admin/session-policy");
  await call("POST", "/admin/sessions/revoke", PURGE);
  const { events } = await (await isolate.admin("GET", "/admin/audit")).json<{
    events: { action: string; actor: string }[];
  }>();
  expect(events.map(({ action }) => action).toSorted()).toEqual([
    "cache.purged",
    "key.created",
    "key.revoked",
    "key.rotated",
    "key.updated",
    "session.revoked",
    "session_policy.deleted",
    "session_policy.updated",
  ]);
  expect(events.map(({ actor }) => actor)).toEqual(Array(8).fill(EMAIL));
  expect(JSON.stringify(logLines())).not.toContain(EMAIL);
});

test("a change by Access has to come from the same origin", async () => {
  for (const site of [undefined, "none", "same-site", "cross-site"]) {
    const response = await isolate.call("/admin/cache/purge", {
      method: "POST",
      headers: site === undefined ? {} : { "Sec-Fetch-Site": site },
      access: accessOf({ email: EMAIL }),
      body: PURGE,
    });
    expect(await outcome(response)).toEqual([403, "cross_site_request"]);
  }
  expect(isolate.counts.objects).toEqual({});
});

test.each<[string, Record<string, unknown>, CloudflareAccessContext | undefined]>([
  ["is for another application", { ACCESS_AUD: AUD }, accessOf({ email: EMAIL }, "another")],
  ["has an empty application", { ACCESS_AUD: "" }, accessOf({ email: EMAIL }, "")],
  ["is not configured", {}, accessOf({ email: EMAIL })],
  ["knows nobody", { ACCESS_AUD: AUD }, accessOf(undefined)],
  ["knows no e-mail address, as of a service token", { ACCESS_AUD: AUD }, accessOf({ common_name: "x" })],
  ["did not see the request", { ACCESS_AUD: AUD }, undefined],
])("nobody is let in if Access %s", async (_, variables, access) => {
  const response = await createIsolate(variables).call("/admin/keys", {
    headers: SAME_ORIGIN,
    ...(access !== undefined && { access }),
  });
  expect(await outcome(response)).toEqual([401, "invalid_admin_token"]);
});

test("headers that claim to be of Access are not believed", async () => {
  const headers = {
    ...SAME_ORIGIN,
    "Cf-Access-Authenticated-User-Email": EMAIL,
    "Cf-Access-Jwt-Assertion": "eyJ",
    Cookie: "CF_Authorization=eyJ",
  };
  expect(await outcome(await isolate.call("/admin/keys", { headers }))).toEqual([401, "invalid_admin_token"]);
});

test("an Access that cannot tell who it is is 503, and the token and the cookie go on working", async () => {
  const Cookie = await signIn(isolate);
  const call = async (headers: Record<string, string>) =>
    await isolate.call("/admin/keys", { headers: { ...SAME_ORIGIN, ...headers }, access: failing });
  const refused = await call({});
  expect(refused.headers.get("Retry-After")).toBe("1");
  expect(await outcome(refused)).toEqual([503, "identity_unavailable"]);
  expect((await call(ADMIN_HEADERS)).status).toBe(200);
  expect((await call({ Cookie })).status).toBe(200);
  expect((await call({ Cookie: `${Cookie}x` })).status).toBe(503);
});

test("a wrong header is 401, whoever comes by Access", async () => {
  const response = await isolate.call("/admin/keys", {
    headers: { ...SAME_ORIGIN, Authorization: "Bearer wrong" },
    access: accessOf({ email: EMAIL }),
  });
  expect(await outcome(response)).toEqual([401, "invalid_admin_token"]);
});

test("the console is told the person's address, who goes before a cookie", async () => {
  const Cookie = await signIn(isolate);
  for (const headers of [SAME_ORIGIN, { ...SAME_ORIGIN, Cookie }]) {
    const response = await isolate.call("/console/session", { headers, access: accessOf({ email: EMAIL }) });
    expect([response.status, await response.json()]).toEqual([200, { actor: EMAIL, expires_at: null }]);
  }
});

test("Access opens nothing but the admin API", async () => {
  for (const path of ["/v1/b2b/organizations/acme", "/whoami", "/metrics"]) {
    const response = await isolate.call(path, { headers: SAME_ORIGIN, access: accessOf({ email: EMAIL }) });
    expect(response.status).toBe(401);
  }
});

test.each<[string, unknown, boolean]>([
  ["an address", EMAIL, true],
  ["an address with a tag and other letters", "änn+ops@bücher.example", true],
  ["an address of 254 characters", `${"a".repeat(246)}@b.exam`.padEnd(254, "e"), true],
  ["a longer one", `${"a".repeat(246)}@b.exam`.padEnd(255, "e"), false],
  ["no text", 7, false],
  ["an empty text", "", false],
  ["the name of another actor", "token", false],
  ["nothing before the @", "@operators.example", false],
  ["nothing behind the @", "ann@", false],
  ["a space", "ann @operators.example", false],
  ["a line break", "ann@operators.example\n", false],
  ["a control character", "ann\u0000@operators.example", false],
  ["a character that changes the direction of text", "ann\u202e@operators.example", false],
  ["a zero-width space", "ann\u200b@operators.example", false],
])("an identity with %s as its address: accepted is %s", async (_, email, isAccepted) => {
  const identity = await readAccessIdentity(accessOf({ email }), AUD);
  expect(identity).toEqual(isAccepted ? { kind: "person", email } : { kind: "nameless" });
});

test("an Access that hangs is given up", { timeout: 10_000 }, async () => {
  const hanging = { aud: AUD, getIdentity: () => new Promise<never>(() => {}) };
  expect(await readAccessIdentity(hanging, AUD)).toEqual({ kind: "unavailable" });
});
