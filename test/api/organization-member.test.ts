/** `GET …/organizations/{organization_id}/member`: a member by ID or address, never cached. */
import { beforeEach, expect, test } from "vitest";
import { type Json, member, memberEnvelope, organization } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { createStytchWorld, type StytchWorld } from "../support/stytch-world.ts";
import { json, stytchError } from "../support/upstream.ts";

const clock = useClock();

let isolate: TestIsolate;
let world: StytchWorld;
let key: string;

beforeEach(async () => {
  world = createStytchWorld();
  isolate = createIsolate();
  ({ key } = await createKey(isolate, ["members:read"]));
});

const pathOf = (query: string, name = world.organizationId) =>
  `/v1/b2b/organizations/${encodeURIComponent(name)}/member?${query}`;
const memberIn = async (response: Response) => (await response.json<Json>())["member_id"];
const read = async (query: string, name?: string, by = key) =>
  await isolate.call(pathOf(query, name), { key: by });

test("a member is found by ID and by address, in the organization by any name, each time from Stytch", async () => {
  isolate.resetCounts();
  const queries = [`member_id=${world.memberId}`, "email_address=ada%40acme.example"];
  for (const name of [
    world.organizationId,
    world.slug,
    String(world.organization["organization_external_id"]),
  ]) {
    for (const query of queries) {
      const response = await read(query, name);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ member: world.member, organization: world.organization });
    }
  }
  expect(world.upstream.requests).toHaveLength(6);
  expect(isolate.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: { lease: 1 } });
  expect(JSON.stringify(logLines())).not.toMatch(/ada@|member-test/);
});

test("both parameters are sent, and no other", async () => {
  await read(`member_id=${world.memberId}&email_address=ada%2Bx%40acme.example&include_deleted=true&x=1`);
  expect(new URL(world.upstream.requests[0]?.url ?? "").search).toBe(
    `?member_id=${world.memberId}&email_address=ada%2Bx%40acme.example`,
  );
});

test.each([
  "",
  "x=1",
  "member_id=",
  "email_address=",
  "member_id=a&member_id=a",
  "email_address=a&email_address=b",
  `member_id=${"x".repeat(257)}`,
  "email_address=a%00b",
  "member_id=m&email_address=%0A",
])("the query '%s' is 400, and Stytch is not asked", async (query) => {
  const response = await read(query);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error_type: "invalid_query_parameter" });
  expect(world.upstream.requests).toEqual([]);
});

test("256 characters of an address, in any script, are sent", async () => {
  const response = await read(`email_address=${encodeURIComponent("用".repeat(256))}`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ error_type: "member_not_found" });
  expect(world.upstream.requests).toHaveLength(1);
});

test("an answer about another organization or another member is 502", async () => {
  const other = organization();
  const stranger = member({ organization_id: other["organization_id"] });
  const answers: Json[] = [
    memberEnvelope(stranger, other),
    memberEnvelope(member({ organization_id: other["organization_id"] }), world.organization),
    memberEnvelope(member({ organization_id: world.organizationId }), world.organization),
  ];
  for (const answer of answers) {
    world.upstream.answer(() => json(answer));
    const response = await read(`member_id=${world.memberId}`);
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ error_type: "upstream_invalid_response" });
  }
});

test("a slug in another case names the organization that Stytch answers it with", async () => {
  world.upstream.answer(({ url }) => world.respond(url.replace(world.slug.toUpperCase(), world.slug)));
  expect((await read(`member_id=${world.memberId}`, world.slug.toUpperCase())).status).toBe(200);
});

test("a key bound to two organizations gets the member of the one that has the slug now", async () => {
  const other = organization();
  const organization_ids = [world.organizationId, other["organization_id"]];
  const { key: bound } = await createKey(isolate, ["members:read"], { organization_ids });
  const query = "email_address=ada%40acme.example";
  expect(await memberIn(await read(query, world.slug, bound))).toBe(world.memberId);
  // The slug moves, while the cache of organizations has it at its former owner.
  const ada = member({ organization_id: other["organization_id"] });
  other["organization_slug"] = world.slug;
  world.upstream.answer(({ url }) =>
    url.includes(`/${world.slug}/`) ? json(memberEnvelope(ada, other)) : world.respond(url),
  );
  clock.at(20);
  expect(await memberIn(await read(query, world.slug, bound))).toBe(ada["member_id"]);
});

test("a key bound to the former owner of a slug gets no member of the one that has it now", async () => {
  const { key: bound } = await createKey(isolate, ["members:read"], {
    organization_ids: [world.organizationId],
  });
  const query = "email_address=ada%40acme.example";
  expect((await read(query, world.slug, bound)).status).toBe(200);
  const other = organization({ organization_slug: world.slug });
  const stranger = member({ organization_id: other["organization_id"] });
  world.upstream.answer(() => json(memberEnvelope(stranger, other)));
  const response = await read(query, world.slug, bound);
  expect([response.status, await response.json()]).toEqual([
    404,
    expect.objectContaining({ error_type: "member_not_found" }),
  ]);
});

test("a member is found by an external ID, also in the form of an ID", async () => {
  const externalId = `member-test-${crypto.randomUUID()}`;
  const named = { ...world.member, external_id: externalId };
  world.upstream.answer(() => json(memberEnvelope(named, world.organization)));
  expect((await read(`member_id=${externalId}`)).status).toBe(200);
});

test("a bound key reads members of its organization, by slug too, and learns of no other", async () => {
  const bound = await createKey(isolate, ["members:read"], { organization_ids: [world.organizationId] });
  for (const name of [world.organizationId, world.slug]) {
    expect((await read(`member_id=${world.memberId}`, name, bound.key)).status).toBe(200);
  }
  const stranger = await createKey(isolate, ["members:read"], {
    organization_ids: ["organization-test-11111111-1111-4111-8111-111111111111"],
  });
  world.upstream.requests.length = 0;
  for (const name of [world.organizationId, world.slug, "none"]) {
    const response = await read(`member_id=${world.memberId}`, name, stranger.key);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error_type: "member_not_found" });
  }
  // It is never asked for the member: the organization is not the key's.
  expect(world.upstream.requests.some(({ url }) => url.includes("/member?"))).toBe(false);
});

test.each([
  [404, "member_not_found", 404, "member_not_found"],
  [404, "organization_not_found", 404, "member_not_found"],
  [404, "connected_app_not_found", 502, "upstream_rejected"],
  [404, "project_not_found", 502, "upstream_rejected"],
  [404, "route_not_found", 502, "upstream_rejected"],
  [400, "invalid_member_get_fields", 400, "invalid_member_get_fields"],
  [400, "invalid_email", 400, "invalid_email"],
  [400, "query_params_do_not_match", 400, "query_params_do_not_match"],
  [400, "secret_not_found", 502, "upstream_rejected"],
  [403, "organization_suspended", 502, "upstream_rejected"],
])("a %i %s of Stytch is answered with %i %s", async (status, type, answered, errorType) => {
  world.upstream.answer(() => stytchError(status, type));
  const response = await read(`member_id=${world.memberId}`);
  expect(response.status).toBe(answered);
  expect(await response.json()).toMatchObject({ error_type: errorType });
});
