/** What one key sees never depends on what another asked: its organizations and fields, cached or not. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Json, member, memberEnvelope, organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";

const MEMBERS = "/v1/b2b/organizations/members/dangerously_get";
const ALL = ["organizations:read", "members:dangerously_get"] as const;

let own: Json;
let stranger: Json;
let ownMember: Json;
let strangersMember: Json;
let upstream: Upstream;
let isolate: TestIsolate;

beforeEach(() => {
  own = organization({ organization_external_id: `ext|${crypto.randomUUID()}` });
  stranger = organization({ organization_external_id: `ext|${crypto.randomUUID()}` });
  ownMember = member({
    organization_id: own["organization_id"],
    trusted_metadata: { level: 7, note: "canary" },
  });
  strangersMember = member({ organization_id: stranger["organization_id"] });
  isolate = createIsolate();
  upstream = stubUpstream(({ url }) => {
    const name = decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "");
    const found = [own, stranger].find((of) => namesOf(of).includes(name));
    if (found !== undefined) return json(organizationEnvelope(found));
    if (name === ownMember["member_id"]) return json(memberEnvelope(ownMember, own));
    if (name === strangersMember["member_id"]) return json(memberEnvelope(strangersMember, stranger));
    return stytchError(404, "organization_not_found");
  });
});
afterEach(() => vi.restoreAllMocks());

const namesOf = (of: Json) =>
  [of["organization_id"], of["organization_slug"], of["organization_external_id"]].map(String);
const pathOf = (name: unknown) => `/v1/b2b/organizations/${encodeURIComponent(String(name))}`;

/** All of an answer that a caller can compare, without what differs every time. */
async function seen(answer: Response): Promise<unknown> {
  const { "x-request-id": id, date: _, ...headers } = Object.fromEntries(answer.headers);
  return { status: answer.status, headers, body: (await answer.text()).replaceAll(String(id), "") };
}

describe("a key that is bound to organizations", () => {
  let key: string;
  let free: string;
  beforeEach(async () => {
    ({ key } = await createKey(isolate, ALL, { organization_ids: [own["organization_id"]] }));
    ({ key: free } = await createKey(isolate, ALL));
  });

  test("reads its own by every name, and its members", async () => {
    for (const name of namesOf(own)) expect((await isolate.call(pathOf(name), { key })).status).toBe(200);
    expect((await isolate.call(`${MEMBERS}/${ownMember["member_id"]}`, { key })).status).toBe(200);
  });

  test.each([
    ["GET", {}],
    ["HEAD", {}],
    ["GET", { "If-None-Match": "*" }],
  ])(
    "cannot tell a stranger's organization from a missing one by %s %j, cached or not",
    async (method, headers) => {
      const missing = [
        `organization-test-${crypto.randomUUID()}`,
        `slug-${crypto.randomUUID()}`,
        `ext|${crypto.randomUUID()}`,
      ];
      for (const warm of [false, true]) {
        if (warm) for (const name of namesOf(stranger)) await isolate.call(pathOf(name), { key: free });
        for (const [index, name] of namesOf(stranger).entries()) {
          const strangers = await seen(await isolate.call(pathOf(name), { key, method, headers }));
          const none = await seen(await isolate.call(pathOf(missing[index]), { key, method, headers }));
          expect(strangers).toEqual(none);
          expect(strangers).toMatchObject({ status: 404 });
        }
      }
    },
  );

  test("is refused an ID outside its organizations without a look, whether there is such an organization or not", async () => {
    await isolate.call(pathOf(own["organization_id"]), { key });
    isolate.resetCounts();
    const before = upstream.requests.length;
    for (const id of [stranger["organization_id"], `organization-test-${crypto.randomUUID()}`]) {
      expect((await isolate.call(pathOf(id), { key })).status).toBe(404);
    }
    expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
    expect(upstream.requests).toHaveLength(before);
  });

  test("cannot tell a stranger's member from a missing one", async () => {
    const strangers = await seen(await isolate.call(`${MEMBERS}/${strangersMember["member_id"]}`, { key }));
    const none = await seen(await isolate.call(`${MEMBERS}/member-test-${crypto.randomUUID()}`, { key }));
    expect(strangers).toEqual(none);
    expect(strangers).toMatchObject({ status: 404 });
  });

  test("is not fooled by a member whose answer holds another organization than its own", async () => {
    upstream.answer(() => json(memberEnvelope(ownMember, stranger)));
    expect((await isolate.call(`${MEMBERS}/${ownMember["member_id"]}`, { key })).status).toBe(404);
    upstream.answer(() =>
      json(memberEnvelope({ ...ownMember, organization_id: stranger["organization_id"] }, own)),
    );
    expect((await isolate.call(`${MEMBERS}/${ownMember["member_id"]}`, { key })).status).toBe(404);
  });
});

describe("a key with fields", () => {
  const fields = {
    organization: ["organization_id", "organization_name", "trusted_metadata.plan"],
    member: ["email_address", "trusted_metadata.level"],
  };

  test("sees these alone, fresh and cached, and an ETag of its own view", async () => {
    const { key } = await createKey(isolate, ALL, { fields });
    const { key: whole } = await createKey(isolate, ALL);
    const path = pathOf(own["organization_id"]);
    const full = await isolate.call(path, { key: whole });
    const { request_id } = await full.json<{ request_id: string }>();
    for (const reader of [isolate, isolate, createIsolate()]) {
      const answer = await reader.call(path, { key });
      expect(await answer.json()).toEqual({
        organization: {
          organization_id: own["organization_id"],
          organization_name: own["organization_name"],
          trusted_metadata: { plan: "gold" },
        },
        request_id,
        status_code: 200,
      });
      expect(answer.headers.get("ETag")).not.toBe(full.headers.get("ETag"));
    }
    const tag = String((await isolate.call(path, { key })).headers.get("ETag"));
    expect((await isolate.call(path, { key, headers: { "If-None-Match": tag } })).status).toBe(304);
    expect((await isolate.call(path, { key: whole, headers: { "If-None-Match": tag } })).status).toBe(200);
  });

  test("has an ETag that a change outside its view does not move", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
    const { key } = await createKey(isolate, ALL, { fields });
    const path = pathOf(own["organization_id"]);
    const before = (await isolate.call(path, { key })).headers.get("ETag");
    vi.setSystemTime(1_800_000_130_000);
    own = { ...own, email_allowed_domains: ["changed.example"] };
    expect((await isolate.call(path, { key })).headers.get("ETag")).toBe(before);
    vi.setSystemTime(1_800_000_260_000);
    own = { ...own, organization_name: "Changed" };
    expect((await isolate.call(path, { key })).headers.get("ETag")).not.toBe(before);
    vi.useRealTimers();
  });

  test("sees a member's fields and, in the same answer, an organization's", async () => {
    const { key } = await createKey(isolate, ALL, { fields });
    const answer = await isolate.call(`${MEMBERS}/${ownMember["member_id"]}`, { key });
    expect(await answer.json()).toEqual({
      member: { email_address: ownMember["email_address"], trusted_metadata: { level: 7 } },
      member_id: ownMember["member_id"],
      organization: {
        organization_id: own["organization_id"],
        organization_name: own["organization_name"],
        trusted_metadata: { plan: "gold" },
      },
      request_id: expect.any(String),
      status_code: 200,
    });
  });

  test("gets no field of the envelope that Postern does not know", async () => {
    upstream.answer(() => json(memberEnvelope(ownMember, own, { session_token: "canary" })));
    const { key } = await createKey(isolate, ALL, { fields: { organization: ["organization_id"] } });
    const body = await (await isolate.call(`${MEMBERS}/${ownMember["member_id"]}`, { key })).json<Json>();
    expect(Object.keys(body)).toEqual(["member", "member_id", "organization", "request_id", "status_code"]);
    expect(body["member"]).toEqual(ownMember);
  });
});

test("nobody receives a byte that their key does not allow, in body or headers, whatever came before", async () => {
  const kinds = [
    { scopes: ALL, organization_ids: null, fields: null },
    {
      scopes: ALL,
      organization_ids: null,
      fields: { organization: ["organization_name"], member: ["status"] },
    },
    {
      scopes: ALL,
      organization_ids: [own["organization_id"]],
      fields: { organization: ["organization_slug"], member: [] },
    },
    { scopes: ["organizations:read"], organization_ids: [stranger["organization_id"]], fields: null },
    { scopes: ["members:dangerously_get"], organization_ids: null, fields: null },
  ] as const;
  const keys = await Promise.all(
    kinds.map(async ({ scopes, ...kind }) => (await createKey(isolate, scopes, kind)).key),
  );
  // What is in more than one of them tells nothing.
  const all = [own, stranger, ownMember, strangersMember].map(textsOf);
  const telling = all.flat().filter((text) => all.filter((texts) => texts.includes(text)).length === 1);
  const step = fc.record({
    key: fc.nat(kinds.length - 1),
    target: fc.nat(3),
    name: fc.nat(2),
    fresh: fc.boolean(),
    method: fc.constantFrom("GET", "HEAD"),
    conditional: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      for (const { key, target, name, fresh, method, conditional } of steps) {
        const kind = kinds[key] ?? fail();
        const org = target % 2 === 0 ? own : stranger;
        const one = target % 2 === 0 ? ownMember : strangersMember;
        const isMember = target >= 2;
        const path = isMember ? `${MEMBERS}/${one["member_id"]}` : pathOf(namesOf(org)[name]);
        const headers: Record<string, string> = conditional ? { "If-None-Match": "*" } : {};
        const reader = fresh ? createIsolate() : isolate;
        const answer = await reader.call(path, { key: keys[key] ?? fail(), method, headers });
        const needed = isMember ? "members:dangerously_get" : "organizations:read";
        const mayAsk = (kind.scopes as readonly string[]).includes(needed);
        const maySee =
          kind.organization_ids === null || kind.organization_ids.includes(org["organization_id"]);
        const has304 = conditional && !isMember;
        expect(answer.status).toBe(mayAsk ? (maySee ? (has304 ? 304 : 200) : 404) : 403);

        const text = await answer.text();
        const isWhole = mayAsk && maySee && method === "GET" && !has304;
        const shown = {
          organization: only(org, kind.fields?.organization),
          member: only(one, kind.fields?.member),
        };
        if (isWhole)
          expect(JSON.parse(text)).toMatchObject(isMember ? shown : { organization: shown.organization });
        const allowed = isWhole
          ? [
              ...textsOf(shown.organization),
              ...(isMember ? [...textsOf(shown.member), String(one["member_id"])] : []),
            ]
          : [];
        const bytes = text + JSON.stringify([...answer.headers]);
        for (const secret of telling) {
          if (!allowed.some((text) => text.includes(secret))) expect(bytes).not.toContain(secret);
        }
      }
    }),
    { numRuns: 40 },
  );
});

/** Every text in it that is long enough to be told from another. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return value.length >= 8 ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

function only(of: Json, fields: readonly string[] | undefined): Json {
  return fields === undefined ? of : Object.fromEntries(fields.map((field) => [field, of[field]]));
}

function fail(): never {
  throw new Error("the test's own index is wrong");
}
