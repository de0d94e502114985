import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Json, member, memberEnvelope, organization } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/guard.ts";
import { json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";

const PATH = "/v1/b2b/organizations/members/dangerously_get";

let isolate: TestIsolate;
let key: string;
let deletedToo: string;
let one: Json;
let body: string;
let path: string;
let upstream: Upstream;

beforeEach(async () => {
  isolate = createIsolate();
  ({ key } = await createKey(isolate, ["members:dangerously_get"]));
  ({ key: deletedToo } = await createKey(isolate, ["members:dangerously_get", "members:include_deleted"]));
  isolate.resetCounts();
  one = member();
  body = JSON.stringify(memberEnvelope(one, organization({ organization_id: one["organization_id"] })));
  path = `${PATH}/${one["member_id"]}`;
  upstream = stubUpstream(() => json(body));
});
afterEach(() => vi.restoreAllMocks());

test("every read of a member reaches Stytch, and touches neither KV nor an organization's object", async () => {
  for (const _ of [1, 2]) {
    const answer = await isolate.call(path, { key });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe(body);
    expect(Object.fromEntries(answer.headers)).toEqual({
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
  "include_deleted=%s is sent on as true, and needs a scope of its own",
  async (value) => {
    const query = `${path}?include_deleted=${value}`;
    const refused = await isolate.call(query, { key });
    expect(refused.status).toBe(403);
    expect(refused.headers.get("WWW-Authenticate")).toContain('scope="members:include_deleted"');
    expect(upstream.requests).toHaveLength(0);
    expect((await isolate.call(query, { key: deletedToo })).status).toBe(200);
    expect(upstream.requests[0]?.url).toBe(`https://upstream.test${path}?include_deleted=true`);
  },
);

test.each([
  "",
  "?include_deleted=false",
  "?include_deleted=False",
  "?include_deleted=0",
  "?member_id=x&other=1",
])("the query %j is not sent on", async (query) => {
  expect((await isolate.call(path + query, { key })).status).toBe(200);
  expect(upstream.requests[0]?.url).toBe(`https://upstream.test${path}`);
});

test.each(["", "yes", "TRUE", "2", "true&include_deleted=false", "%00"])(
  "include_deleted=%s is refused",
  async (value) => {
    const answer = await isolate.call(`${path}?include_deleted=${value}`, { key: deletedToo });
    expect(await answer.json()).toMatchObject({ status_code: 400, error_type: "invalid_query_parameter" });
    expect(upstream.requests).toHaveLength(0);
  },
);

test("a missing member is 404 in Postern's own words, each time anew", async () => {
  upstream.answer(() => stytchError(404, "whatever"));
  for (const _ of [1, 2]) {
    const answer = await isolate.call(path, { key });
    expect(await answer.json()).toMatchObject({
      status_code: 404,
      error_type: "member_not_found",
      error_message: "Member could not be found.",
    });
    expect(answer.headers.has("Server-Timing")).toBe(false);
  }
  expect(upstream.requests).toHaveLength(2);
});

test("organizations:read is not enough for a member", async () => {
  const { key: other } = await createKey(isolate, ["organizations:read", "members:include_deleted"]);
  expect((await isolate.call(path, { key: other })).status).toBe(403);
  expect(upstream.requests).toHaveLength(0);
});

test("an answer about another member is no answer", async () => {
  upstream.answer(() => json(memberEnvelope(member(), organization())));
  const answer = await isolate.call(path, { key });
  expect(await answer.json()).toMatchObject({ status_code: 502, error_type: "upstream_invalid_response" });
});

test("nothing of a member is logged, found or refused", async () => {
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
  expect(logLines().map((line) => line["route"])).toContain(`${PATH}/{member_id}`);
});
