/** Signing in to the console, signing out, and who is signed in. */
import { beforeEach, expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { postSignIn, SAME_ORIGIN, signIn } from "../support/console.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { ADMIN_HEADERS } from "../support/scrape.ts";
import { TEST_VARS } from "../support/vars.ts";

const { at, iso } = useClock();

const SESSION = "/console/session";
const { ADMIN_TOKEN } = TEST_VARS;

let isolate: TestIsolate;
beforeEach(() => {
  isolate = createIsolate();
});

const outcome = async (response: Response) => [
  response.status,
  (await response.json<{ error_type?: string }>()).error_type,
];
const showSession = async (headers: Record<string, string>) => await isolate.call(SESSION, { headers });

test("the admin token signs in: 204 with the cookie, and nothing to read", async () => {
  const response = await postSignIn(isolate, { token: ADMIN_TOKEN });
  expect([response.status, await response.text()]).toEqual([204, ""]);
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  expect(response.headers.getSetCookie()).toEqual([
    expect.stringMatching(
      /^__Host-postern=v1\.1800043200\.[0-9a-f]{64}; Max-Age=43200; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
    ),
  ]);
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
  expect(logLines().at(-1)).toMatchObject({ route: SESSION, method: "POST", status: 204 });
});

test.each([
  ["another token", "another-admin-token-0123456789abcd"],
  ["the beginning of the token", ADMIN_TOKEN.slice(0, -1)],
  ["the token and more", `${ADMIN_TOKEN} `],
  ["the token in upper case", ADMIN_TOKEN.toUpperCase()],
  ["an empty token", ""],
])("%s does not sign in, and sets no cookie", async (_, token) => {
  const response = await postSignIn(isolate, { token });
  expect(await outcome(response)).toEqual([401, "invalid_admin_token"]);
  expect(response.headers.has("Set-Cookie")).toBe(false);
});

test.each<[string, unknown, string]>([
  ["no token", {}, "token"],
  ["a token that is no text", { token: 7 }, "token"],
  ["an unknown field", { token: "x", remember: true }, "remember"],
  ["no JSON", "token=x", "the body must be JSON"],
  ["a list", [], "the body must be a JSON object"],
  ["nothing", undefined, "the body must be JSON"],
  ["more than 64 KiB", { token: "x".repeat(65_536) }, "65536 bytes"],
])("a sign-in with %s is 400 and names the problem", async (_, body, problem) => {
  const response = await postSignIn(isolate, body);
  const error = await response.json<{ error_type: string; error_message: string }>();
  expect([response.status, error.error_type]).toEqual([400, "invalid_request"]);
  expect(error.error_message).toContain(problem);
});

test.each([undefined, "cross-site", "same-site", "none", "Same-Origin"])(
  "a sign-in and a sign-out with Sec-Fetch-Site %s are refused",
  async (site) => {
    const headers: Record<string, string> = site === undefined ? {} : { "Sec-Fetch-Site": site };
    for (const method of ["POST", "DELETE"]) {
      const response = await isolate.call(SESSION, { method, headers, body: { token: ADMIN_TOKEN } });
      expect(await outcome(response)).toEqual([403, "cross_site_request"]);
      expect(response.headers.has("Set-Cookie")).toBe(false);
    }
  },
);

test("signing out makes the browser forget the cookie, signed in or not", async () => {
  for (const headers of [SAME_ORIGIN, { ...SAME_ORIGIN, Cookie: await signIn(isolate) }]) {
    const response = await isolate.call(SESSION, { method: "DELETE", headers });
    expect(response.status).toBe(204);
    expect(response.headers.get("Set-Cookie")).toBe(
      "__Host-postern=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict",
    );
  }
});

test("the page can ask who is signed in, and that nobody is, is no failure", async () => {
  expect(await (await showSession({})).json()).toEqual({ actor: null, expires_at: null });
  const Cookie = await signIn(isolate);
  at(60);
  const shown = await showSession({ ...SAME_ORIGIN, Cookie });
  expect([shown.status, await shown.json()]).toEqual([200, { actor: "token", expires_at: iso(43_200) }]);
  expect(await (await showSession(ADMIN_HEADERS)).json()).toEqual({ actor: "token", expires_at: null });
});

test("a cookie that is forged or has ended is 401, and 403 if another site asks with a good one", async () => {
  const Cookie = await signIn(isolate);
  expect(await outcome(await showSession({ Cookie: `${Cookie.slice(0, -1)}x` }))).toEqual([
    401,
    "invalid_admin_token",
  ]);
  expect(await outcome(await showSession({ Cookie, "Sec-Fetch-Site": "same-site" }))).toEqual([
    403,
    "cross_site_request",
  ]);
  at(43_200);
  expect(await outcome(await showSession({ ...SAME_ORIGIN, Cookie }))).toEqual([401, "invalid_admin_token"]);
});

test("without ADMIN_TOKEN there is no sign-in, not even with Cloudflare Access", async () => {
  const without = createIsolate({ ADMIN_TOKEN: "", ACCESS_AUD: "aud-of-the-test" });
  for (const method of ["GET", "POST", "DELETE"]) {
    const response = await without.call(SESSION, {
      method,
      headers: SAME_ORIGIN,
      ...(method === "POST" && { body: { token: "" } }),
    });
    expect(await outcome(response)).toEqual([404, "route_not_found"]);
  }
});

test("another method is 405, and another path below /console is 404", async () => {
  const put = await isolate.call(SESSION, { method: "PUT", headers: SAME_ORIGIN });
  expect([put.status, put.headers.get("Allow")]).toEqual([405, "GET, HEAD, POST, DELETE"]);
  expect(await outcome(await isolate.call("/console/unknown"))).toEqual([404, "route_not_found"]);
});

test("sign-ins with a wrong token and forged cookies count against the address", async () => {
  let counted = 0;
  const limited = createIsolate({
    FAILED_AUTH_LIMITER: {
      limit: async () => {
        counted += 1;
        return { success: false };
      },
    },
  });
  const forged = { headers: { ...SAME_ORIGIN, Cookie: "__Host-postern=v1.1800043200.00" } };
  expect((await postSignIn(limited, { token: "wrong" })).status).toBe(429);
  expect((await limited.call("/admin/keys", forged)).status).toBe(429);
  expect((await limited.call(SESSION, forged)).status).toBe(429);
  expect(counted).toBe(3);
  // What another site makes a browser send does not count against the browser's address.
  await limited.call(SESSION, { method: "POST", body: { token: "wrong" } });
  const Cookie = await signIn(limited);
  expect((await limited.call(SESSION, { headers: { ...SAME_ORIGIN, Cookie } })).status).toBe(200);
  expect((await limited.call(SESSION)).status).toBe(200);
  expect(counted).toBe(3);
});
