import { beforeEach, expect, test } from "vitest";
import { type Json, member, memberEnvelope, organization } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { memberPath } from "../support/paths.ts";
import { json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";

useClock();

let isolate: TestIsolate;
let key: string;
let keyWithDeleted: string;
let one: Json;
let body: string;
let path: string;
let upstream: Upstream;

beforeEach(async () => {
  isolate = createIsolate();
  ({ key } = await createKey(isolate, ["members:dangerously_get"]));
  ({ key: keyWithDeleted } = await createKey(isolate, [
    "members:dangerously_get",
    "members:include_deleted",
  ]));
  isolate.resetCounts();
  one = member();
  body = JSON.stringify(memberEnvelope(one, organization({ organization_id: one["organization_id"] })));
  path = memberPath(one);
  upstream = stubUpstream(() => json(body));
});

test("a member read reaches Stytch each time, without KV or an organization's object", async () => {
  for (const _ of [1, 2]) {
    const response = await isolate.call(path, { key });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(body);
    expect(Object.fromEntries(response.headers)).toEqual({
      "cache-control": "no-store",
      "cache-status": "postern; fwd=bypass",
      "content-type": "application/json",
      date: expect.any(String),
      "server-timing": expect.stringMatching(/^key;dur=\d+, upstream;dur=\d+$/),
      vary: "Authorization",
      "x-request-id": expect.any(String),
    });
  }
  expect(upstream.requests).toHaveLength(2);
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: { lease: 1 } });
});

test.each(["true", "True", "1"])(
  "include_deleted=%s is forwarded as true, and needs its own scope",
  async (value) => {
    const query = `${path}?include_deleted=${value}`;
    const refused = await isolate.call(query, { key });
    expect(refused.status).toBe(403);
    expect(refused.headers.get("WWW-Authenticate")).toContain('scope="members:include_deleted"');
    expect(upstream.requests).toHaveLength(0);
    expect((await isolate.call(query, { key: keyWithDeleted })).status).toBe(200);
    expect(upstream.requests[0]?.url).toBe(`https://upstream.test${path}?include_deleted=true`);
  },
);

test.each([
  "",
  "?include_deleted=false",
  "?include_deleted=False",
  "?include_deleted=0",
  "?member_id=x&other=1",
])("the member query %j is not forwarded", async (query) => {
  expect((await isolate.call(path + query, { key })).status).toBe(200);
  expect(upstream.requests[0]?.url).toBe(`https://upstream.test${path}`);
});

test.each(["", "yes", "TRUE", "2", "true&include_deleted=false", "%00"])(
  "include_deleted=%s is refused with 400",
  async (value) => {
    const response = await isolate.call(`${path}?include_deleted=${value}`, { key: keyWithDeleted });
    expect(await response.json()).toMatchObject({ status_code: 400, error_type: "invalid_query_parameter" });
    expect(upstream.requests).toHaveLength(0);
  },
);

test("a missing member is 404 in Postern's own words, and is not cached", async () => {
  upstream.answer(() => stytchError(404, "organization_not_found"));
  for (const _ of [1, 2]) {
    const response = await isolate.call(path, { key });
    expect(await response.json()).toMatchObject({
      status_code: 404,
      error_type: "member_not_found",
      error_message: "Member could not be found.",
    });
    expect(response.headers.has("Server-Timing")).toBe(false);
  }
  expect(upstream.requests).toHaveLength(2);
});

test("a key with organizations:read alone may not read a member", async () => {
  const { key: other } = await createKey(isolate, ["organizations:read", "members:include_deleted"]);
  expect((await isolate.call(path, { key: other })).status).toBe(403);
  expect(upstream.requests).toHaveLength(0);
});

test.each([
  ["HTML", () => new Response("<html>", { status: 404 })],
  ["an error about the route", () => stytchError(404, "route_not_found")],
  ["an error about the secret", () => stytchError(404, "secret_not_found")],
  ["an error about a connected app", () => stytchError(404, "connected_app_not_found")],
  ["an error about a password", () => stytchError(404, "member_password_not_found")],
  ["an error of an unknown type", () => stytchError(404, "not_found")],
])("a 404 with %s does not say that a member is missing", async (_, answer) => {
  upstream.answer(answer);
  const response = await isolate.call(path, { key });
  expect(await response.json()).toMatchObject({ status_code: 502, error_type: "upstream_rejected" });
});

test("a member is found by an external ID in the form of an ID, and by its ID in another case", async () => {
  const externalId = `member-test-${crypto.randomUUID()}`;
  const of = organization({ organization_id: one["organization_id"] });
  upstream.answer(() => json(memberEnvelope({ ...one, external_id: externalId }, of)));
  for (const name of [externalId, String(one["member_id"]).toUpperCase()])
    expect((await isolate.call(memberPath({ member_id: name }), { key })).status).toBe(200);
  const other = await isolate.call(memberPath({ member_id: externalId.toUpperCase() }), { key });
  expect(await other.json()).toMatchObject({ status_code: 502, error_type: "upstream_invalid_response" });
});

test("a response about another member is refused with 502", async () => {
  upstream.answer(() => json(memberEnvelope(member(), organization())));
  const response = await isolate.call(path, { key });
  expect(await response.json()).toMatchObject({ status_code: 502, error_type: "upstream_invalid_response" });
});

test("no data of a member is logged, whether the read succeeds or fails", async () => {
  const canary = `ada+${crypto.randomUUID()}@acme.example`;
  const name = `Ada ${crypto.randomUUID()}`;
  const secretMember = { ...one, email_address: 7, name };
  await isolate.call(path, { key });
  upstream.answer(() => json(memberEnvelope(secretMember, organization())));
  await isolate.call(path, { key });
  upstream.answer(() => stytchError(400, "bad_request", `no ${canary}`));
  await isolate.call(path, { key });
  const logged = JSON.stringify(logLines());
  for (const datum of [canary, name, String(one["member_id"]), String(one["email_address"])]) {
    expect(logged).not.toContain(datum);
  }
  expect(logLines().map((line) => line["route"])).toContain(
    "/v1/b2b/organizations/members/dangerously_get/{member_id}",
  );
});
