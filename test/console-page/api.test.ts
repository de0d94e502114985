/** The console's calls of the admin API. */
import { beforeEach, expect, test } from "vitest";
import { type Api, ApiError, ConnectionError, createApi } from "../../console/api.ts";

let calls: { readonly path: string; readonly init: RequestInit }[];
let heard: string[];
let respond: () => Response | Promise<Response>;
let api: Api;

beforeEach(() => {
  calls = [];
  heard = [];
  respond = () => Response.json({});
  const fetch = async (path: string, init: RequestInit) => {
    calls.push({ path, init });
    return await respond();
  };
  api = createApi(fetch, {
    onSignedOut: () => void heard.push("signed out"),
    onConnection: (isConnected) => void heard.push(isConnected ? "connected" : "lost"),
  });
});

const refuse = (status: number, error_type: string, error_message: string) => () =>
  Response.json({ error_type, error_message }, { status });

test("a query leaves out what is not given, and encodes the rest", async () => {
  await api.keys({ q: "a b&c", status: null, cursor: "", limit: 20 });
  await api.audit(null, 50);
  expect(calls.map(({ path }) => path)).toEqual(["/admin/keys?q=a+b%26c&limit=20", "/admin/audit?limit=50"]);
});

test("the ID of a key cannot lead to another path", async () => {
  await api.revokeKey("../session-policy");
  expect(calls[0]).toMatchObject({ path: "/admin/keys/..%2Fsession-policy", init: { method: "DELETE" } });
});

test("a change is JSON, and follows no redirect", async () => {
  await api.purge({ organization_id: "acme" });
  expect(calls[0]?.init).toMatchObject({
    method: "POST",
    redirect: "error",
    body: '{"organization_id":"acme"}',
    headers: { "Content-Type": "application/json" },
  });
});

test("the token is in the body of the sign-in, and in no call after it", async () => {
  respond = () => new Response(null, { status: 204 });
  await api.signIn("the-token");
  await api.signOut();
  expect(calls[0]).toMatchObject({ path: "/console/session", init: { body: '{"token":"the-token"}' } });
  expect(JSON.stringify(calls[1])).not.toContain("the-token");
});

test.each([
  ["rate_limit.limit: must be a whole number", "rate_limit.limit"],
  ["allowed_ips[0]: must be an address", "allowed_ips[0]"],
  ["the key is revoked, which is final", null],
])("the refusal '%s' is about the field %s", async (message, field) => {
  respond = refuse(400, "invalid_request", message);
  const error = await api.editKey("k", {}).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 400, message, field });
  expect(heard).toEqual(["connected"]);
});

test("a 401 ends the sign-in, and that of a wrong token does not", async () => {
  respond = refuse(401, "invalid_admin_token", "Wrong.");
  await expect(api.signIn("wrong")).rejects.toMatchObject({
    status: 401,
    message: "This is not the admin token.",
  });
  expect(heard).toEqual(["connected"]);
  await expect(api.overview(24)).rejects.toMatchObject({ status: 401 });
  expect(heard).toContain("signed out");
});

test("an answer that is no JSON is an error in words", async () => {
  respond = () => new Response("<html>", { status: 502 });
  const expected = { status: 502, message: "Postern answered with an error." };
  await expect(api.overview(24)).rejects.toMatchObject(expected);
});

test("no session policy is null, and any other 404 an error", async () => {
  respond = refuse(404, "session_policy_not_found", "None.");
  expect(await api.sessionPolicy()).toBe(null);
  respond = refuse(404, "route_not_found", "None.");
  await expect(api.sessionPolicy()).rejects.toBeInstanceOf(ApiError);
});

test("a lost connection is told, and so is its return", async () => {
  respond = () => Promise.reject(new TypeError("Failed to fetch"));
  await expect(api.overview(24)).rejects.toBeInstanceOf(ConnectionError);
  await expect(api.overview(24)).rejects.not.toThrow("change");
  await expect(api.revokeKey("k")).rejects.toThrow("it is not known whether the change was made");
  respond = () => Response.json({});
  await api.overview(24);
  expect(heard).toEqual(["lost", "lost", "lost", "connected"]);
});

test("a change whose answer breaks off is not taken for one that was made", async () => {
  respond = () => new Response('{"key_id": "k", "ke', { status: 201 });
  await expect(api.createKey({})).rejects.toThrow("it is not known whether the change was made");
  respond = () => new Response("<html>", { status: 200 });
  await expect(api.overview(24)).rejects.toBeInstanceOf(ConnectionError);
  expect(heard).toEqual(["lost", "lost"]);
});

test("a call that waited in vain does not take back a later answer", async () => {
  const slow = Promise.withResolvers<Response>();
  respond = () => slow.promise;
  const waiting = api.overview(24).catch((thrown: unknown) => thrown);
  respond = () => Response.json({});
  await api.overview(24);
  slow.reject(new DOMException("too slow", "TimeoutError"));
  expect(await waiting).toBeInstanceOf(ConnectionError);
  expect(heard).toEqual(["connected"]);
});

test("a call that the page itself ends is no lost connection", async () => {
  const controller = new AbortController();
  respond = () => {
    controller.abort();
    return Promise.reject(controller.signal.reason);
  };
  await expect(api.overview(24, controller.signal)).rejects.toMatchObject({ name: "AbortError" });
  expect(heard).toEqual([]);
});

test("a sign-in that is refused for another reason says which", async () => {
  respond = refuse(429, "too_many_requests", "Wait a minute.");
  await expect(api.signIn("t")).rejects.toMatchObject({ status: 429, message: "Wait a minute." });
});
